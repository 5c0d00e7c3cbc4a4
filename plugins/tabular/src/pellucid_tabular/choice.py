"""choice: the experiment that suits a table, by stated rules in what its columns and targets are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import ConfigError, Shape, Transform, read_several, to_config

from pellucid_tabular.folds import FOLDS
from pellucid_tabular.mlp import Task
from pellucid_tabular.recipe import SCALING, ensemble_recipe, recipe
from pellucid_tabular.targets import Target

MOST_MEMBERS, LEAST_MEMBERS, ROWS_PER_MEMBER = 32, 4, 20
"""Of an ensemble."""
ANSWERS = "core/binary_cross_entropy"
"""The loss of several answers of yes or no."""


def members_of(rows: int) -> int:
    """How many networks an ensemble for so many rows has."""
    return min(MOST_MEMBERS, max(LEAST_MEMBERS, rows // ROWS_PER_MEMBER))


def are_answers(targets: Sequence[Target]) -> bool:
    """Whether several targets are yes or no, each for itself."""
    return len(targets) > 1 and all(target.column.kind == "boolean" for target in targets)


def proposals(
    found: Sequence[Transform], given: Sequence[Any] | None, width: int, targets: Sequence[Target], rows: int
) -> dict[str, Any]:
    """The sections that ``Table`` proposes:

    * the task: classes are told apart, numbers are predicted; several yes-or-no targets are one answer each;
    * the transform ``tabular/columns``, unless the user has given others: categories as indexes, for embeddings, and
      numbers scaled as the recipe's network wants them;
    * the architecture ``tabular/ensemble``, many small ``tabular/mlp``, 4 to 32 of them, one for 20 rows; each holds
      out a fifth of the rows, is stopped and chosen by them, and nobody else holds out any for it; of several yes-or-no
      targets one ``tabular/mlp``, as an ensemble averages classes, one answer or values;
    * the loss, optimizer, schedule, epochs and batch size that :func:`pellucid_tabular.recipe.recipe` states.

    Args:
        found: the transform that was found out.
        given: those that the user wants instead, or None.
        width: columns of the coded table.
        targets: of the table.
        rows: of the training part.

    Raises:
        ConfigError: no targets: nothing tells what the model is for.
    """
    if not targets:
        raise ConfigError(
            "A model can be proposed for a table with a target. Name its column: --target NAME, or [data] target = …; "
            "pellucid show-data FILE shows the columns. Or name a model that learns without: --model NAME."
        )
    sections: dict[str, Any] = {}
    if given is None:
        given = [to_config(transform) | {"one_hot": False, "scaling": SCALING} for transform in found]
        sections["data"] = {"transforms": given}
    transforms: list[Transform] = read_several("transform", given, path="transforms")
    shape: Shape = (width,)
    for transform in transforms:
        shape = transform.output_shape(shape)
    sizes: Sequence[int] = getattr(transforms[-1], "categories", ()) if transforms else ()
    answers, several = are_answers(targets), len(targets) > 1
    task: Task = "classification" if answers or targets[0].classes is not None else "regression"
    how: dict[str, Any] = {"outputs": len(targets) if several else None}
    if answers:
        return sections | recipe(task, rows, shape[0] or 1, sizes, **how) | {"loss": {"type": ANSWERS}}
    made = ensemble_recipe(task, rows, shape[0] or 1, sizes, members=members_of(rows), **how)
    made["model"] = {"type": made["model"]["type"], "folds": FOLDS, **made["model"]}
    return sections | made
