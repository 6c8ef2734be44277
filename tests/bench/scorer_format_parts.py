"""In an environment with ONNX Runtime: convert boosters, or measure one format in a process of its own.

``python -m tests.bench.scorer_format_parts convert|text|onnx FOLDER``.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Score = Callable[[np.ndarray], np.ndarray]
ROUNDS = 3
SINGLE = 2_000


def convert(folder: Path) -> None:
    """Write each arm's boosters as one ONNX tree ensemble, their weights in its leaves."""
    import lightgbm as lgb
    import onnx

    for arm, weights in json.loads((folder / "weights.json").read_text()).items():
        nodes: dict[str, list[Any]] = {}
        columns = 0
        tree_id = 0
        for name, weight in weights.items():
            dumped = lgb.Booster(model_str=(folder / name).read_text()).dump_model()
            columns = len(dumped["feature_names"])
            for tree in dumped["tree_info"]:
                _tree(nodes, tree_id, tree["tree_structure"], weight)
                tree_id += 1
        ensemble = onnx.helper.make_node(
            "TreeEnsembleRegressor", ["x"], ["effect"], domain="ai.onnx.ml", n_targets=1, **nodes
        )
        graph = onnx.helper.make_graph(
            [ensemble],
            arm,
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None, columns])],
            [onnx.helper.make_tensor_value_info("effect", onnx.TensorProto.FLOAT, [None, 1])],
        )
        model = onnx.helper.make_model(
            graph, opset_imports=[onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
        )
        model.ir_version = 8
        onnx.save(model, folder / f"{arm}.onnx")


def _tree(nodes: dict[str, list[Any]], tree_id: int, root: dict[str, Any], weight: float) -> None:
    """Append one tree, depth first."""
    queue, ids = [root], {id(root): 0}
    for node in queue:
        leaf = "leaf_value" in node
        children = [] if leaf else [node["left_child"], node["right_child"]]
        for branch in children:
            ids[id(branch)] = len(ids)
            queue.append(branch)
        left, right = [ids[id(branch)] for branch in children] or [0, 0]
        said = {
            "nodes_treeids": tree_id,
            "nodes_nodeids": ids[id(node)],
            "nodes_featureids": 0 if leaf else node["split_feature"],
            "nodes_modes": "LEAF" if leaf else "BRANCH_LEQ",
            "nodes_values": 0.0 if leaf else float(rounded_down(node["threshold"])),
            "nodes_truenodeids": left,
            "nodes_falsenodeids": right,
        }
        if leaf:
            said |= {
                "target_treeids": tree_id,
                "target_nodeids": ids[id(node)],
                "target_ids": 0,
                "target_weights": float(node["leaf_value"]) * weight,
            }
        for key, value in said.items():
            nodes.setdefault(key, []).append(value)


def rounded_down(threshold: float) -> np.float32:
    """Return the largest float32 that is not above: for float32 values it decides as the threshold does."""
    near = np.float32(threshold)
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))


def _text(folder: Path) -> Score:
    from jobs.science.uplift.text_booster import TextBooster

    arms = [
        [(TextBooster((folder / name).read_text()), weight) for name, weight in weights.items()]
        for weights in json.loads((folder / "weights.json").read_text()).values()
    ]
    return lambda rows: np.column_stack([sum(w * b.predict(rows, num_threads=1) for b, w in arm) for arm in arms])


def _onnx(folder: Path) -> Score:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [
        onnxruntime.InferenceSession(folder / f"{arm}.onnx", options, providers=["CPUExecutionProvider"])
        for arm in json.loads((folder / "weights.json").read_text())
    ]
    return lambda rows: np.column_stack([s.run(None, {"x": rows})[0][:, 0] for s in sessions])


def measured(form: str, folder: Path) -> dict[str, float]:
    """Load, score one row, then all; CPU seconds count from the start of the process."""
    matrix = np.load(folder / "matrix.npy", mmap_mode="r")
    first = np.array(matrix[:1])
    score = {"text": _text, "onnx": _onnx}[form](folder)
    score(first)
    first_call_cpu_s, first_call_mb = time.process_time(), _peak_mb()
    rows = np.array(matrix)
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        effect = score(rows)
        took.append(time.process_time() - start)
    np.save(folder / f"{form}.npy", effect)
    singles = []
    for at in range(SINGLE):
        row = rows[at : at + 1]
        start = time.process_time_ns()
        score(row)
        singles.append(time.process_time_ns() - start)
    files = folder.glob("arm_*.txt" if form == "text" else "arm_*.onnx")
    return {
        "rows_per_cpu_s": round(len(rows) / min(took)),
        "one_row_us": round(float(np.median(singles)) / 1e3, 1),
        "first_call_cpu_s": round(first_call_cpu_s, 3),
        "first_call_mb": round(first_call_mb, 1),
        "peak_mb": round(_peak_mb(), 1),
        "file_mb": round(sum(file.stat().st_size for file in files) / 1e6, 2),
    }


def _peak_mb() -> float:
    # VmHWM begins anew with the program, ru_maxrss with the process that it was forked from.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "convert":
        convert(where)
        print(json.dumps({"converted": True}))
    else:
        print(json.dumps(measured(what, where)))
