"""Make the Hillstrom oracle: scikit-uplift's published protocol, its scores as a ranking, its figures on them.

Run once, in an environment of its own outside the repository (scikit-uplift 0.5.1, causalml 0.18.0, catboost 1.2.10):

    python -m tests.oracles.hillstrom_uplift hillstrom.csv tests/unit/science/uplift

The protocol is that of the notebook EDA_Hillstrom_dataset in scikit-uplift's repository, for the women's e-mail: all
64,000 rows, the men's e-mail left among the controls; target visit; 70/30, stratified by treatment and target, seed 42;
class transformation on CatBoost with six categorical features, seed 42, one thread.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from causalml.metrics import auuc_score, qini_score
from sklearn.model_selection import train_test_split
from sklift.metrics import qini_auc_score, uplift_at_k, uplift_auc_score
from sklift.models import ClassTransformation

CATEGORICAL = ["womens", "mens", "channel", "zip_code", "history_segment", "newbie"]


def main(source: str, folder: str) -> None:
    rows = pd.read_csv(source)
    treatment = (rows["segment"] == "Womens E-Mail").astype(int).rename("treatment")
    features = rows.drop(columns=["segment", "visit", "conversion", "spend"])
    features = features.astype(dict.fromkeys(("channel", "zip_code", "history_segment"), str))
    x, x_test, t, t_test, y, y_test = train_test_split(
        features,
        treatment,
        rows["visit"],
        stratify=pd.concat([treatment, rows["visit"]], axis=1),
        test_size=0.3,
        random_state=42,
    )
    boosted = CatBoostClassifier(
        verbose=200, cat_features=CATEGORICAL, random_state=42, thread_count=1, allow_writing_files=False
    )
    model = ClassTransformation(estimator=boosted).fit(x, y, t)
    uplift = np.asarray(model.predict(x_test))

    # The order that scikit-uplift sorts by, ties and all, is kept; the scores themselves are not needed.
    order = np.argsort(uplift, kind="mergesort")[::-1]
    rank = np.empty(len(order), np.uint16)
    rank[order] = np.arange(len(order), dtype=np.uint16)
    distinct = -rank.astype(float)
    frame = pd.DataFrame({"y": y_test.to_numpy(), "w": t_test.to_numpy(), "model": distinct})
    given = (y_test.to_numpy(), distinct, t_test.to_numpy())
    figures = {
        f"uplift_at_{k}_{strategy}": float(uplift_at_k(*given, strategy=strategy, k=k))
        for k in (0.1, 0.3)
        for strategy in ("overall", "by_group")
    } | {
        "qini_auc_score": float(qini_auc_score(*given)),
        "uplift_auc_score": float(uplift_auc_score(*given)),
        "causalml_auuc_score": float(auuc_score(frame)["model"]),
        "causalml_qini_score": float(qini_score(frame)["model"]),
    }
    by_scores = {s: float(uplift_at_k(y_test, uplift, t_test, strategy=s, k=0.1)) for s in ("overall", "by_group")}
    print(by_scores, figures)
    made_with = ", ".join(f"{n} {version(n)}" for n in ("scikit-uplift", "causalml", "catboost", "scikit-learn"))
    np.savez_compressed(Path(folder) / "hillstrom_women_rank.npz", rank=rank)
    answer = {"made_with": f"python -m tests.oracles.hillstrom_uplift; {made_with}", "figures": figures}
    (Path(folder) / "hillstrom_women.json").write_text(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
