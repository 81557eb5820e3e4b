"""Trains a model of leadboard's matrix on Amazon SageMaker, hosts an exported one, and compares the two.

Needs boto3, and the SageMaker Python SDK 2 (`pip install boto3 'sagemaker<3'`) to look up the container's address; with
--image the SDK is not needed. README.md says what each step is for. Not run against an AWS account.
"""

import argparse
import json
import os
import sys
import time
from datetime import datetime, timezone

MEGABYTE = 1 << 20
# The container refuses bodies of 6 MiB; rows are short, so a margin costs little.
LARGEST_REQUEST = 5 * MEGABYTE


def image(args):
    if args.image:
        return args.image
    from sagemaker import image_uris

    return image_uris.retrieve("xgboost", args.region, version=args.container)


def hyperparameters(sidecar, features):
    """Those of the model that wrote this sidecar, for a matrix of these features, as the container wants them: all text."""
    model = sidecar.get("model")
    if not model or not model["card"].get("parameters"):
        raise SystemExit("--like wants the sidecar of a model that leadboard trained: leadboard model export --out champion.json")
    card = model["card"]
    same = ["max_depth", "eta", "min_child_weight", "lambda", "subsample", "colsample_bytree", "max_bin", "seed"]
    increasing = [str(int(column["increasing"])) for column in features["features"]["spec"]["columns"]]
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "num_round": str(card["trees"]),
        "monotone_constraints": "(" + ",".join(increasing) + ")",
        **{name: str(card["parameters"][name]) for name in same if name in card["parameters"]},
    }


def upload(args, path, name):
    args.session.client("s3").upload_file(path, args.bucket, name)
    return f"s3://{args.bucket}/{name}"


def train(args):
    with open(args.like) as like, open(args.features) as features:
        chosen = hyperparameters(json.load(like), json.load(features))
    job = "leadboard-" + datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    data = upload(args, args.matrix, f"leadboard/{job}/train/train.csv")
    source = {"S3DataType": "S3Prefix", "S3Uri": data, "S3DataDistributionType": "FullyReplicated"}
    client = args.session.client("sagemaker")
    client.create_training_job(
        TrainingJobName=job,
        HyperParameters=chosen,
        AlgorithmSpecification={"TrainingImage": image(args), "TrainingInputMode": "File"},
        RoleArn=args.role,
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}, "ContentType": "text/csv"}],
        OutputDataConfig={"S3OutputPath": f"s3://{args.bucket}/leadboard"},
        ResourceConfig={"InstanceType": args.instance, "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    print(f"training job {job} …", file=sys.stderr)
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=job)
    told = client.describe_training_job(TrainingJobName=job)
    if told["TrainingJobStatus"] != "Completed":
        raise SystemExit(f"{job}: {told['TrainingJobStatus']}: {told.get('FailureReason', '')}")
    print(told["ModelArtifacts"]["S3ModelArtifacts"])


def deploy(args):
    version = f"{args.endpoint}-{int(time.time())}"
    data = upload(args, args.model, f"leadboard/{version}/model.tar.gz")
    client = args.session.client("sagemaker")
    client.create_model(
        ModelName=version, PrimaryContainer={"Image": image(args), "ModelDataUrl": data}, ExecutionRoleArn=args.role
    )
    variant = {"VariantName": "all", "ModelName": version, "InitialInstanceCount": 1, "InstanceType": args.instance}
    client.create_endpoint_config(EndpointConfigName=version, ProductionVariants=[variant])
    known = client.list_endpoints(NameContains=args.endpoint)["Endpoints"]
    change = client.create_endpoint
    if any(endpoint["EndpointName"] == args.endpoint for endpoint in known):
        change = client.update_endpoint
    change(EndpointName=args.endpoint, EndpointConfigName=version)
    print(f"endpoint {args.endpoint} …", file=sys.stderr)
    client.get_waiter("endpoint_in_service").wait(EndpointName=args.endpoint)
    print(args.endpoint)


def batches(lines):
    """Lines in bodies that the container takes."""
    body, size = [], 0
    for line in lines:
        if body and size + len(line) + 1 > LARGEST_REQUEST:
            yield body
            body, size = [], 0
        body.append(line)
        size += len(line) + 1
    if body:
        yield body


def compare(args):
    with open(args.rows) as file:
        rows = [line.rstrip("\n").split(",", 1)[1] for line in file]
    with open(args.predicted) as file:
        header, *lines = file.read().splitlines()
    ours = [float(line.split(",")[header.split(",").index("probability")]) for line in lines]
    client = args.session.client("sagemaker-runtime")
    theirs = []
    for body in batches(rows):
        told = client.invoke_endpoint(EndpointName=args.endpoint, ContentType="text/csv", Body="\n".join(body).encode())
        # One server separates the answers by commas, the other by line ends.
        theirs += [float(p) for p in told["Body"].read().decode().replace("\n", ",").split(",") if p.strip()]
    if len(theirs) != len(ours):
        raise SystemExit(f"{len(ours)} rows were asked for, {len(theirs)} were answered")
    worst = max(abs(a - b) for a, b in zip(ours, theirs))
    print(f"{len(ours)} rows; probabilities differ by at most {worst:.3g}")
    if worst > 1e-5:
        raise SystemExit("that is too much: is it the same model, and are these the rows it was asked about?")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, does, *, hosts=True):
        one = commands.add_parser(name)
        one.set_defaults(does=does)
        one.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
        if hosts:
            one.add_argument("--bucket", required=True)
            one.add_argument("--role", required=True, help="ARN of the role that SageMaker takes")
            one.add_argument("--container", default="1.7-1", choices=["1.7-1", "3.0-5"])
            one.add_argument("--image", help="address of the container, instead of looking it up")
            one.add_argument("--instance", default="ml.m5.large")
        return one

    one = command("train", train)
    one.add_argument("--matrix", required=True, help="what `leadboard model export --format matrix` wrote")
    one.add_argument("--features", required=True, help="the sidecar that was written beside the matrix")
    one.add_argument("--like", required=True, help="sidecar of a model whose hyper-parameters are taken")
    one = command("deploy", deploy)
    one.add_argument("--model", required=True, help="what `leadboard model export --out NAME.tar.gz` wrote")
    one.add_argument("--endpoint", required=True)
    one = command("compare", compare, hosts=False)
    one.add_argument("--rows", required=True, help="a matrix, with its labels")
    one.add_argument("--predicted", required=True, help="what `leadboard model predict --out` wrote")
    one.add_argument("--endpoint", required=True)
    return parser.parse_args()


def main():
    import boto3

    args = arguments()
    args.session = boto3.Session(region_name=args.region)
    args.does(args)


if __name__ == "__main__":
    main()
