"""A made-up world whose true effects are known: customers, partners, payments with fraud, a randomised trial."""

from jobs.science.synthetic.world import Shard, World

__all__ = ["Shard", "World"]
