"""The fields of forms that are filled from a request one by one and read by name: ``form.quantity.data`` of WTForms."""

from tillproof.commerce.entry_styles.active import Active
from tillproof.commerce.names import fits
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, ClassId
from tillproof.flow.values import Member, Result
from tillproof.ir.ops import Op

_HOLDS = ("data",)


class FormFields:
    """Answers by value."""

    def __init__(self, evaluator: Evaluator, active: Active) -> None:
        self.evaluator = evaluator
        self.active = active

    def read(self, value: Member) -> str:
        """The name of the field whose content a value is; empty when it is none's."""
        field = value.base
        if value.name not in _HOLDS or not isinstance(field, Result) or field.instr < 0 or field.fn.number != TOP:
            return ""
        body = self.evaluator.program.body(field.fn)
        for use in self.evaluator.defuse(field.fn).uses(field.instr):
            holder, _, name = body.name(use).rpartition(".") if body.op[use] == Op.STORE else ("", "", "")
            if holder and self._is_form(field.fn.file, holder):
                return name
        return ""

    def _is_form(self, file: str, name: str) -> bool:
        """Whether a class of a file derives from one that its framework fills from requests."""
        declared = self.evaluator.program.indices[file].classes
        found = (ClassId(file, n) for n, cls in enumerate(declared) if cls.name == name)
        bases = [base for cls in found for base in self.evaluator.scope.foreign_bases(cls)]
        return any(fits(form, base) for f in self.active.of(file) for form in f.forms for base in bases)
