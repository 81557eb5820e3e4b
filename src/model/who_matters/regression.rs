//! Logistic regression with a handful of columns, and its variance when deals of one rep go together.

use super::linear::solve;

/// A fitted regression.
pub(super) struct Regression {
    /// Maximum-likelihood coefficients, by column.
    pub(super) coefficients: Vec<f64>,
    /// Deviance of each row, `-2 ln(likelihood)`.
    pub(super) deviance: Vec<f64>,
}

/// Score and information of one rep's rows: what they say about the coefficients.
#[derive(Clone)]
pub(super) struct Say {
    score: Vec<f64>,
    information: Vec<f64>,
}

/// Newton steps; the likelihood is concave, so a few suffice.
const STEPS: usize = 30;
/// Added to the information, so that a column without any spread gets the coefficient 0.
const RIDGE: f64 = 1e-9;

/// Fits `logit P(won) = sum of coefficient * column` by Newton's method. Columns have one value per row.
pub(super) fn fit(columns: &[&[f64]], won: &[bool]) -> Regression {
    let n = columns.len();
    let mut coefficients = vec![0.0; n];
    for _ in 0..STEPS {
        let total = says(columns, won, &coefficients, &vec![0; won.len()], 1);
        let step = total[0].step();
        coefficients.iter_mut().zip(&step).for_each(|(c, s)| *c += s);
        if step.iter().all(|s| s.abs() < 1e-10) {
            break;
        }
    }
    let deviance = (0..won.len())
        .map(|row| {
            let margin = predict(columns, &coefficients, row);
            // -2 ln p = 2 ln(1 + e^-margin) for a win, mirrored for a loss; stable at both ends.
            let against = if won[row] { -margin } else { margin };
            2.0 * (against.max(0.0) + (-against.abs()).exp().ln_1p())
        })
        .collect();
    Regression { coefficients, deviance }
}

fn predict(columns: &[&[f64]], coefficients: &[f64], row: usize) -> f64 {
    columns.iter().zip(coefficients).map(|(column, c)| column[row] * c).sum()
}

/// What each of `groups` groups of rows says at these coefficients.
pub(super) fn says(columns: &[&[f64]], won: &[bool], coefficients: &[f64], group: &[usize], groups: usize) -> Vec<Say> {
    let n = columns.len();
    let mut says = vec![Say { score: vec![0.0; n], information: vec![0.0; n * n] }; groups];
    for row in 0..won.len() {
        let p = sigmoid(predict(columns, coefficients, row));
        let (error, weight) = (f64::from(u8::from(won[row])) - p, p * (1.0 - p));
        let say = &mut says[group[row]];
        for (i, one) in columns.iter().enumerate() {
            say.score[i] += error * one[row];
            for (k, other) in columns.iter().enumerate() {
                say.information[i * n + k] += weight * one[row] * other[row];
            }
        }
    }
    says
}

impl Say {
    /// Several together, each counted so often.
    pub(super) fn sum<'a>(says: impl Iterator<Item = (&'a Self, f64)>) -> Option<Self> {
        says.fold(None, |sum: Option<Self>, (say, times)| {
            let mut sum = sum.unwrap_or_else(|| Self {
                score: vec![0.0; say.score.len()],
                information: vec![0.0; say.information.len()],
            });
            sum.score.iter_mut().zip(&say.score).for_each(|(a, b)| *a += times * b);
            sum.information.iter_mut().zip(&say.information).for_each(|(a, b)| *a += times * b);
            Some(sum)
        })
    }

    /// The Newton step from here: `information^-1 score`.
    pub(super) fn step(&self) -> Vec<f64> {
        let n = self.score.len();
        let mut information = self.information.clone();
        for i in 0..n {
            information[i * n + i] += RIDGE;
        }
        solve(information, self.score.clone())
    }

    /// Variance of the last coefficient if rows were independent: the last diagonal element of the inverse information.
    pub(super) fn last_variance(&self) -> f64 {
        let n = self.score.len();
        let mut unit = Self { score: vec![0.0; n], information: self.information.clone() };
        unit.score[n - 1] = 1.0;
        unit.step()[n - 1]
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_two_by_two_table_gives_its_log_odds() {
        // 8 of 20 won without the mark, 15 of 20 with it.
        let mark: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i >= 20))).collect();
        let won: Vec<bool> = (0..40).map(|i| if i < 20 { i < 8 } else { i < 35 }).collect();
        let fit = fit(&[&[1.0; 40], &mark], &won);
        let (base, odds) = ((8.0f64 / 12.0).ln(), (15.0f64 / 5.0 * 12.0 / 8.0).ln());
        assert!((fit.coefficients[0] - base).abs() < 1e-7 && (fit.coefficients[1] - odds).abs() < 1e-7);
        // Woolf's variance of the log odds ratio: the sum of the reciprocals of the four counts.
        let all = says(&[&[1.0; 40], &mark], &won, &fit.coefficients, &[0; 40], 1);
        assert!((all[0].last_variance() - (1.0 / 8.0 + 1.0 / 12.0 + 1.0 / 15.0 + 1.0 / 5.0)).abs() < 1e-6);
        let likelihood = 8.0 * 0.4f64.ln() + 12.0 * 0.6f64.ln() + 15.0 * 0.75f64.ln() + 5.0 * 0.25f64.ln();
        assert!((fit.deviance.iter().sum::<f64>() + 2.0 * likelihood).abs() < 1e-9);
    }
}
