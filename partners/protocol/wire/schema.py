"""The documents as JSON Schema (2020-12), outlined by the very readers that take them apart.

A reader of a document asks its node for each field by name. Asked to outline, the node notes what it was asked for
and gives nothing; so what is said about a document is what is read of it, and nothing is written down twice.
"""

import inspect
from dataclasses import dataclass, field, is_dataclass
from typing import Any, TypeVar

from partners.protocol.wire.fields import SHAPES, VARIANTS, FieldError, Node, Reader, Shape

T = TypeVar("T")


@dataclass(slots=True)
class Outlines:
    """Documents by name, each outlined once, for `#/components/schemas`."""

    documents: dict[str, Shape] = field(default_factory=dict)

    def of(self, read: Reader[Any]) -> Shape:
        """What `read` takes: a shape, or a reference to a document."""
        if read in SHAPES:
            return SHAPES[read]
        if read in VARIANTS:
            return self._variants(*VARIANTS[read])
        document: type = inspect.signature(read).return_annotation
        if not is_dataclass(document):
            raise TypeError(f"{read} neither reads a document nor says what it takes")
        if document.__name__ not in self.documents:
            self.documents[document.__name__] = {}
            self.documents[document.__name__] = _described(document) | self._document(read)
        return {"$ref": f"#/components/schemas/{document.__name__}"}

    def fields_of(self, read: Reader[Any]) -> tuple[dict[str, Shape], list[str]]:
        """The fields that `read` asks for, and the names of those that have to be there."""
        outline = _Outline(None, "", [], self)
        read(outline)
        return outline.fields, outline.needed

    def _document(self, read: Reader[Any]) -> Shape:
        fields, needed = self.fields_of(read)
        properties = {name: shape if name in needed else nullable(shape) for name, shape in fields.items()}
        return {"type": "object", "properties": properties, "required": needed}

    def _variants(self, by: str, variants: Any) -> Shape:
        known = [self._variant(by, word, read) for word, read in variants.items()]
        later = {"type": "string", "not": {"enum": [*variants]}}
        return {"anyOf": [*known, {"type": "object", "properties": {by: later}, "required": [by]}]}

    def _variant(self, by: str, word: str, read: Reader[Any]) -> Shape:
        reference = self.of(read)
        outline = self.documents[reference["$ref"].rpartition("/")[2]]
        outline["properties"] = {by: {"const": word}} | outline["properties"]
        outline["required"] = [by, *(name for name in outline["required"] if name != by)]
        return reference


def nullable(shape: Shape) -> Shape:
    """Absent and null mean the same (protocol §4 "Input rules")."""
    if "type" in shape:
        return shape | {"type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class _Outline(Node):
    """A node that is asked like any other."""

    outlines: Outlines
    fields: dict[str, Shape] = field(default_factory=dict)
    needed: list[str] = field(default_factory=list)

    def required(self, name: str, read: Reader[T]) -> T:
        self.needed.append(name)
        nothing: T = self._note_shape(name, self.outlines.of(read))
        return nothing

    def optional(self, name: str, read: Reader[T]) -> T | None:
        self._note_shape(name, self.outlines.of(read))
        return None

    def items(self, name: str, read: Reader[T], low: int = 0, high: int = 100) -> tuple[T, ...]:
        if low:
            self.needed.append(name)
        self._note_shape(name, {"type": "array", "items": self.outlines.of(read), "minItems": low, "maxItems": high})
        return ()

    def note_error(self, name: str, code: str) -> None:
        """Between fields nothing is wrong in an outline."""

    def _note_shape(self, name: str, shape: Shape) -> Any:
        self.fields[name] = shape
        # Readers compare fields with each other only where none is wrong; here none has a value.
        self.errors.append(FieldError(name, "outlined"))


def _described(document: type) -> Shape:
    """The docstring, unless the dataclass made it itself."""
    text = inspect.getdoc(document) or ""
    return {} if text.startswith(f"{document.__name__}(") else {"description": text}
