"""What a reading leaves: the document and its page under names made of their contents, and one row of the table."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from jobs.pages.experiment import experiment_html
from jobs.runtime.layout import readout_key
from jobs.runtime.readout_file import as_bytes
from jobs.runtime.shard import OpenShard
from jobs.runtime.software import software
from jobs.runtime.stores import Stores
from jobs.tables.outputs import READOUTS

DIGEST_CHARS = 16


@dataclass(frozen=True)
class Rules:
    """By what was read.

    Parameters
    ----------
    kind : str
        ``experiment`` or ``campaign``.
    rule_digest : str
        SHA-256 of the rule as it was frozen; of a campaign that of its file.
    file_digest : str
        SHA-256 of the file.
    """

    kind: str
    rule_digest: str
    file_digest: str


def look_number(stores: Stores, experiment_id: str, run_date: date) -> int:
    """Return which look this is: 1 more than the days before it that were read."""
    where = {"experiment_id": experiment_id, "run_date": (date.min, run_date - timedelta(days=1))}
    return 1 + stores.tables.count(READOUTS, where)


def keep(document: Mapping[str, Any], rules: Rules, look: int, stores: Stores, shard: OpenShard) -> None:
    """Publish a readout with its page, stage its row, and say in the report where they are.

    Parameters
    ----------
    document : mapping
        The readout.
    rules : Rules
        By what was read.
    look : int
        Number of the look, from 1.
    stores : Stores
        Where published files lie.
    shard : OpenShard
        Of the run that read.
    """
    name, day = shard.manifest.kind, shard.manifest.run_date
    body, page = as_bytes(document), experiment_html(document).encode()
    digests = {"json": hashlib.sha256(body).hexdigest(), "html": hashlib.sha256(page).hexdigest()}
    keys = {suffix: readout_key(name, day, digest[:DIGEST_CHARS], suffix) for suffix, digest in digests.items()}
    # Named by their contents: what a lost run leaves stands beside, and in nobody's place.
    stores.objects.put_if_absent(keys["json"], body)
    stores.objects.put_if_absent(keys["html"], page)
    decision, progress = document["decision"], document["progress"]
    row = {
        "kind": rules.kind,
        "look": look,
        "is_final": progress["is_final"],
        "decision": decision["outcome"],
        "arm": decision["arm"],
        "units": progress["units"],
        "document": body.decode(),
        "document_digest": digests["json"],
        "document_key": keys["json"],
        "page_digest": digests["html"],
        "page_key": keys["html"],
        "rule_digest": rules.rule_digest,
        "file_digest": rules.file_digest,
        "inputs_digest": shard.manifest.key.digest,
        "software": software(),
    }
    columns = {n: pa.array([v], READOUTS.column(n).type) for n, v in row.items()}
    shard.stage(READOUTS, pa.table(columns))
    shard.details |= {
        "decision": decision["outcome"],
        "arm": decision["arm"],
        "reasons": list(decision["reasons"]),
        # text, so that shards never add it up
        "look": str(look),
        "is_final": progress["is_final"],
        "readout": {
            "document": keys["json"],
            "document_digest": digests["json"],
            "page": keys["html"],
            "page_digest": digests["html"],
            "software": software(),
        },
        "page": f"{stores.objects.uri}/{keys['html']}",
    }
