"""What an offer is worth: its effect, less the contact, less what fraud takes back."""

import numpy as np
import numpy.typing as npt

from jobs.errors import BadRows
from jobs.science.offers.problem import Float32s


def net_value(
    effect_eur: npt.ArrayLike,
    contact_cost_eur: npt.ArrayLike,
    fraud_probability: npt.ArrayLike,
    loss_eur: npt.ArrayLike,
) -> Float32s:
    """Return the net euro of giving each arm to each customer.

    Parameters
    ----------
    effect_eur : array-like of shape (n, k)
        Expected net margin of the arm less that of the control, after redemption cost, euro.
    contact_cost_eur : array-like of shape (k,)
        Cost of one contact, euro, >= 0.
    fraud_probability : array-like of shape (n,)
        Probability that the customer's purchase is fraud, in [0, 1].
    loss_eur : array-like of shape (n,) or float
        Euro lost if it is, >= 0.

    Returns
    -------
    ndarray of shape (n, k), float32
        effect - contact cost - fraud probability x loss.

    Raises
    ------
    BadRows
        If a number is missing, infinite or out of its range.

    Examples
    --------
    >>> net_value([[3.0, 1.0]], [0.5, 0.25], [0.01], 50.0).tolist()
    [[2.0, 0.25]]
    """
    effect = np.asarray(effect_eur)
    cost = np.asarray(contact_cost_eur, dtype=np.float64)
    chance = np.asarray(fraud_probability, dtype=np.float64)
    loss = np.broadcast_to(np.asarray(loss_eur, dtype=np.float64), chance.shape)
    for name, numbers, low, high in (
        ("effect_eur", effect, -np.inf, np.inf),
        ("contact_cost_eur", cost, 0.0, np.inf),
        ("fraud_probability", chance, 0.0, 1.0),
        ("loss_eur", loss, 0.0, np.inf),
    ):
        good = np.isfinite(numbers) & (numbers >= low) & (numbers <= high)
        if not good.all():
            place = np.argwhere(~good)[0]
            raise BadRows(
                f"{name}{place.tolist()} == {numbers[tuple(place)]}, must be finite and in [{low:g}, {high:g}]: "
                "mend the row or set it aside."
            )
    value = np.array(effect, dtype=np.float32)
    value -= cost.astype(np.float32)
    value -= (chance * loss).astype(np.float32)[:, None]
    return value
