"""A kind of import-linter contract: modules that are private to the package they are in."""

from fnmatch import fnmatchcase

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import contract_utils


class PrivateModulesContract(Contract):
    """Only their own package imports modules whose last name is like one of ``names``.

    The contract ``protected`` would have to list each of them: a new one would be forgotten.
    """

    type_name = "private_modules"
    names = fields.ListField(subfield=fields.StringField())
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Whether it is kept, and which imports break it."""
        removed = contract_utils.remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=self.ignore_imports,  # type: ignore[arg-type]  # a field gives its value
            unmatched_alerting=contract_utils.AlertLevel.ERROR,
        )
        broken = [
            f"{importer} -> {module}"
            for module in sorted(graph.modules)
            if self._is_private(module)
            for importer in sorted(graph.find_modules_that_directly_import(module))
            if not f"{importer}.".startswith(f"{module.rpartition('.')[0]}.")
        ]
        return ContractCheck(
            kept=not broken,
            warnings=list(removed.warnings),
            ignored_import_count=removed.ignored_import_count,
            metadata={"broken": broken},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Prints the imports that break it."""
        for line in check.metadata["broken"]:
            output.print_error(f"- {line}", bold=False)

    def _is_private(self, module: str) -> bool:
        patterns: list[str] = self.names  # type: ignore[assignment]  # a field gives its value
        return any(fnmatchcase(module.rpartition(".")[2], pattern) for pattern in patterns)
