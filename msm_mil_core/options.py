"""What a user chooses: a frozen model whose changes are validated."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Choices that do not change once made; unknown names are refused, docstrings describe the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated as a new one is.

        Raises
        ------
        pydantic.ValidationError
            If a field does not exist or a value is out of bounds.
        """
        chosen = {name: getattr(self, name) for name in self.model_fields_set}
        return self.model_validate(chosen | changes)
