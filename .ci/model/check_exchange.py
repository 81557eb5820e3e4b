"""Models go both ways between leadboard and XGBoost 1.7.4, 2.1.4, 3.0.5 and 3.2.0, and predict the same.

usage: check_exchange.py path/to/leadboard      ($VENVS: the environments that run.sh makes)

Everything goes through the real binary. A company is made up, its history imported, a model trained. Then:
- what `model export` writes (JSON, UBJSON, the file inside the tar.gz) is loaded by each version;
- each version trains a model of every shape on the matrix that `model export --format matrix` wrote; each is read by
  `model predict --file`, taken in by `model import`, predicted from the registry, exported again, and loaded again.
Margins must agree within 1e-5; how many agree in every bit is printed.
"""

import csv
import json
import math
import os
import random
import struct
import subprocess
import sys
import tarfile
import tempfile
from datetime import datetime, timedelta

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORT_VERSIONS = ["1.7.4", "3.0.5", "3.2.0"]
IMPORT_VERSIONS = ["1.7.4", "2.1.4", "3.0.5", "3.2.0"]
TOLERANCE = 1e-5
MAP = """
[columns]
lead_id = "lead"
created = "created"
closed = "closed"
rep = "rep"
outcome = "stage"
source = "source"
industry = "industry"
revenue = "revenue"
employees = "employees"
territory = "territory"
[outcome]
won = ["Won"]
lost = ["Lost"]
"""


def history(path):
    """Twelve reps; sources differ, and every rep has an industry that suits them. Some revenues are not known."""
    rng = random.Random(11)
    start = datetime(2023, 1, 1, 8)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow("lead created closed rep stage source industry revenue employees territory".split())
        for i in range(2400):
            created = start + timedelta(hours=7 * i)
            closed = created + timedelta(days=rng.randint(2, 40))
            rep, industry = i % 12, rng.randrange(4)
            source = rng.choice(["Referral", "Web", "Cold call"])
            employees = rng.randint(5, 500)
            log_odds = {"Referral": 0.8, "Web": 0.0, "Cold call": -0.8}[source] + (1.1 if rep % 4 == industry else -0.6)
            won = rng.random() < 1 / (1 + math.exp(0.4 - log_odds))
            revenue = "" if rng.random() < 0.2 else employees * 90_000
            out.writerow([
                f"d{i}", created.isoformat() + "Z", closed.date().isoformat(), f"r{rep}", "Won" if won else "Lost", source,
                ["Tech", "Health", "Retail", "Energy"][industry], revenue, employees, ["North", "South"][rep % 2],
            ])


class Company:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *args):
        command = [self.binary, "--data-dir", self.path("data"), *args]
        ran = subprocess.run(command, capture_output=True, text=True)
        # 3: a gate refused; a model that predicts nothing useful is stored all the same.
        if ran.returncode not in (0, 3):
            raise SystemExit(f"{' '.join(args)}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def json(self, *args):
        return json.loads(self.run(*args, "--json"))

    def margins(self, *args, rows="rows.csv"):
        return self.rows(*args, key="margin", rows=rows)

    def rows(self, *args, key, rows="rows.csv"):
        told = self.json("model", "predict", *args, "--rows", self.path(rows), "--labelled")
        return [row[key] for row in told["rows"]]

    def xgboost(self, version, *args):
        python = os.path.join(os.environ["VENVS"], f"xgboost-{version}", "bin", "python")
        ran = subprocess.run([python, os.path.join(HERE, "_with_xgboost.py"), *args], capture_output=True, text=True)
        if ran.returncode != 0:
            raise SystemExit(f"XGBoost {version}, {' '.join(args)}:\n{ran.stdout}{ran.stderr}")

    def predicted(self, version, *files, command="predict", rows="rows.csv"):
        out = self.path("predicted.json")
        self.xgboost(version, command, self.path(rows), out, *files)
        with open(out) as file:
            return json.load(file)


class Comparison:
    """Counts what agrees."""

    def __init__(self, what):
        self.what, self.files, self.rows, self.identical, self.largest = what, 0, 0, 0, 0.0

    def add(self, label, ours, theirs):
        if len(ours) != len(theirs) or not ours:
            raise SystemExit(f"{label}: {len(ours)} rows and {len(theirs)}")
        bits = lambda v: struct.pack("<f", v)
        worst = max(abs(a - b) for a, b in zip(ours, theirs))
        if not worst <= TOLERANCE:
            raise SystemExit(f"{label}: margins differ by {worst}")
        self.files += 1
        self.rows += len(ours)
        self.identical += sum(bits(a) == bits(b) for a, b in zip(ours, theirs))
        self.largest = max(self.largest, worst)

    def tell(self):
        print(
            f"{self.what}: {self.files} comparisons, {self.identical} of {self.rows} margins identical in every bit, "
            f"largest difference {self.largest:.3g}"
        )


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        company = Company(os.path.abspath(binary), folder)
        history(company.path("deals.csv"))
        with open(company.path("map.toml"), "w") as file:
            file.write(MAP)
        company.run("history", "import", company.path("deals.csv"), "--map", company.path("map.toml"))
        company.run("model", "train", "--promote", "--despite-audit")
        told = company.json(
            "model", "export", "--format", "matrix", "--out", company.path("train.csv"), "--holdout", company.path("rows.csv")
        )
        until, features = told["until"], told["features"]

        # The rows of the whole history have the champion's columns; those without the newest fifth need not.
        company.run("model", "export", "--format", "matrix", "--out", company.path("all.csv"))
        ours = company.margins(rows="all.csv")
        if len(set(ours)) < 100:
            raise SystemExit(f"only {len(set(ours))} different margins: this would prove nothing")
        files = [company.path(name) for name in ("champion.json", "champion.ubj")]
        company.run("model", "export", "--out", files[0])
        company.run("model", "export", "--format", "ubjson", "--out", files[1])
        company.run("model", "export", "--format", "ubjson", "--out", company.path("model.tar.gz"))
        with tarfile.open(company.path("model.tar.gz")) as archive:
            if archive.getnames() != ["xgboost-model"]:
                raise SystemExit(f"the archive holds {archive.getnames()}")
            archive.extractall(folder, filter="data")
        files.append(company.path("xgboost-model"))
        for version in EXPORT_VERSIONS:
            compared = Comparison(f"XGBoost {version} predicts our export")
            for file, theirs in zip(files, company.predicted(version, *files, rows="all.csv")):
                compared.add(f"{version} {file}", ours, theirs)
            compared.tell()

        for version in IMPORT_VERSIONS:
            out = company.path(f"from-{version}")
            os.mkdir(out)
            company.xgboost(version, "train", company.path("train.csv"), company.path("rows.csv"), out)
            with open(os.path.join(out, "cases.json")) as file:
                cases = json.load(file)
            read, back = Comparison(f"we predict models of XGBoost {version}"), []
            for case in cases:
                label, theirs = f"{version} {case['name']}", case["margins"]
                for file in case["files"]:
                    read.add(f"{label} {file}", company.margins("--file", file), theirs)
                if case["name"].startswith("fold"):
                    continue
                imported = company.json(
                    "model", "import", case["files"][-1], "--features", features, "--trained-until", until
                )
                if imported["card"]["imported"]["unseen_deals"] != len(theirs):
                    raise SystemExit(f"{label}: judged on {imported['card']['imported']['unseen_deals']} deals")
                read.add(f"{label}, stored", company.margins(imported["id"]), theirs)
                again = company.path(f"again-{case['name']}.ubj")
                company.run("model", "export", imported["id"], "--format", "ubjson", "--out", again)
                back.append((label, again, theirs))
            read.tell()
            for other in EXPORT_VERSIONS:
                compared = Comparison(f"XGBoost {other} predicts what we export of them")
                for (label, file, theirs), margins in zip(back, company.predicted(other, *[b[1] for b in back])):
                    compared.add(f"{label}, again, {other}", margins, theirs)
                compared.tell()
            folds = [case["files"][-1] for case in cases if case["name"].startswith("fold")]
            mean = company.predicted(version, *[f.replace(".model", ".ubj") for f in folds], command="average")
            imported = company.json("model", "import", *folds, "--features", features, "--trained-until", until)
            compared = Comparison(f"we average {len(folds)} models of XGBoost {version}, probabilities")
            compared.add(f"{version} folds", company.rows(imported["id"], key="probability"), mean)
            compared.tell()


if __name__ == "__main__":
    main(sys.argv[1])
