"""Each feature as one would say it: loops over all payments, no window, no sum that grows, no statement."""

import datetime as dt
import math
import statistics

DAY_S = 86_400
NAN = math.nan


def naive_features(rows, reports, delay_days, refresh_hours):
    """Features by transaction id and name.

    `rows` are (transaction, customer, partner, microsecond, euro), `reports` (transaction, is fraud, microsecond
    when it became known or None).
    """
    second = {row[0]: row[3] // 1_000_000 for row in rows}
    units = {row[0]: math.floor(row[4] * 10_000 + 0.5) for row in rows}
    slot_s = refresh_hours * 3_600

    def place(name, customer):
        """Place of a payment among those of its customer in the same second."""
        same = sorted(r[0] for r in rows if r[1] == customer and second[r[0]] == second[name])
        return same.index(name)

    moment = {row[0]: second[row[0]] * 1_000_000 + place(row[0], row[1]) for row in rows}

    def own_before(row, window_s):
        """The customer's payments of the seconds before, the oldest first."""
        now = moment[row[0]]
        found = [r[0] for r in rows if r[1] == row[1] and now - window_s * 1_000_000 < moment[r[0]] < now]
        return sorted(found, key=moment.__getitem__)

    def is_large(row):
        before = own_before(row, 30 * DAY_S)
        return len(before) >= 3 and units[row[0]] > 3 * statistics.median(units[other] for other in before)

    large = {row[0]: is_large(row) for row in rows}

    def known_fraud(name, moment_s):
        told = [
            (second[name] + delay_days * DAY_S if us is None else -(-us // 1_000_000), fraud)
            for other, fraud, us in reports
            if other == name
        ]
        told = sorted(one for one in told if one[0] <= moment_s)
        return bool(told) and told[-1][1]

    partner_of = {row[0]: row[2] for row in rows}
    return {
        row[0]: {
            **_own(row, second[row[0]]),
            **_customer(row, own_before, second, units, large, partner_of),
            **_partner_counts(row, rows, second, large, slot_s),
            **_partner_known(row, rows, second, known_fraud, slot_s, delay_days),
        }
        for row in rows
    }


def _own(row, now_s):
    now = dt.datetime.fromtimestamp(now_s, dt.UTC)
    return {
        "amount": row[4],
        "is_weekend": float(now.weekday() >= 5),
        "is_night": float(now.hour < 7),
        "hour_of_day": now.hour + now.minute / 60 + now.second / 3_600,
        "day_of_week": now.weekday(),
    }


def _customer(row, own_before, second, units, large, partner_of):
    found = {}
    for name, window_s in {"1h": 3_600, "6h": 21_600, "1d": DAY_S, "7d": 7 * DAY_S, "30d": 30 * DAY_S}.items():
        found[f"customer_count_{name}"] = len(own_before(row, window_s))
    amount = units[row[0]] / 1e4
    for days in (1, 7, 30):
        euros = [units[other] / 1e4 for other in own_before(row, days * DAY_S)]
        mean = math.fsum(euros) / len(euros) if euros else NAN
        found[f"customer_mean_eur_{days}d"] = mean
        found[f"amount_to_mean_{days}d"] = amount / mean if mean else NAN
    month = own_before(row, 30 * DAY_S)
    euros = [units[other] / 1e4 for other in month]
    capped = [min((units[other] + 50) // 100 / 100, 100_000) for other in month]
    enough = len(month) >= 3
    median, most = (statistics.median(euros), max(euros)) if enough else (0, 0)
    found["amount_to_median_30d"] = amount / median if median else NAN
    found["amount_to_max_30d"] = amount / most if most else NAN
    if enough:
        own = min((units[row[0]] + 50) // 100 / 100, 100_000)
        found["amount_z_30d"] = (own - statistics.fmean(capped)) / max(1, statistics.pstdev(capped))
    else:
        found["amount_z_30d"] = NAN
    found["customer_hours_since_last"] = (second[row[0]] - second[month[-1]]) / 3_600 if month else NAN
    found["customer_large_14d"] = sum(large[other] for other in own_before(row, 14 * DAY_S))
    found["pair_count_30d"] = sum(partner_of[other] == row[2] for other in month)
    return found


def _partner_counts(row, rows, second, large, slot_s):
    start_s = second[row[0]] - second[row[0]] % slot_s
    here = (second[row[0]], row[0])
    before = [r[0] for r in rows if r[2] == row[2] and (second[r[0]], r[0]) < here]
    found = {
        f"partner_count_recent_{days}d": sum(second[other] >= start_s - days * DAY_S for other in before)
        for days in (1, 7, 30)
    }
    found["partner_large_7d"] = sum(large[other] for other in before if second[other] >= start_s - 7 * DAY_S)
    return found


def _partner_known(row, rows, second, known_fraud, slot_s, delay_days):
    """A slot's labels are old enough once the slot ended the delay ago."""
    start_s = second[row[0]] - second[row[0]] % slot_s
    end_s = start_s - delay_days * DAY_S

    def known(days):
        found = [r for r in rows if r[2] == row[2] and end_s - days * DAY_S <= second[r[0]] < end_s]
        return sorted((second[r[0]], r[0]) for r in found)

    def rate(payments):
        return sum(known_fraud(name, start_s) for _, name in payments) / len(payments) if payments else NAN

    def age_days(when):
        return (start_s - (when - when % slot_s)) / DAY_S

    month = known(30)
    fraud = [known_fraud(name, start_s) for _, name in month]
    run = next((i for i, one in enumerate(reversed(fraud)) if not one), len(fraud))
    found = {f"partner_count_{days}d": len(known(days)) for days in (1, 7, 30)}
    found |= {f"partner_fraud_rate_{days}d": rate(known(days)) for days in (1, 3, 7, 14, 21, 28, 30)}
    found |= {f"partner_fraud_rate_last_{last}": rate(month[-last:]) for last in (1, 3, 5, 10)}
    four_weeks = known(28)
    frauds = sum(known_fraud(name, start_s) for _, name in four_weeks)
    found["partner_fraud_rate_shrunk_28d"] = (frauds + 0.16) / (len(four_weeks) + 20)
    found["partner_fraud_run_length"] = run
    found["partner_fraud_run_days"] = age_days(month[-run][0]) if run else NAN

    def since(kind):
        return next(
            (age_days(when) for (when, _), one in reversed([*zip(month, fraud, strict=True)]) if one == kind), NAN
        )

    found["partner_days_since_fraud"] = since(True)
    found["partner_days_since_genuine"] = since(False)
    found["partner_days_since_known"] = age_days(month[-1][0]) if month else NAN
    return found
