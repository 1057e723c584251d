// What the parser says of queries: {tables: {name: "column: type, …"}, queries: {name: text}} on
// stdin, {name: [message, …]} on stdout. The folder of the packages is the only argument.
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const folder = path.join(process.argv[2], "@kusto", "language-service-next");
for (const script of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, script), "utf8"), script);
}
const { GlobalState, KustoCode, Symbols } = Kusto.Language;

const { tables, queries } = JSON.parse(fs.readFileSync(0, "utf8"));
const symbols = Object.entries(tables).map(([name, columns]) =>
  Symbols.TableSymbol.From(`(${columns})`).WithName(name),
);
const database = new Symbols.DatabaseSymbol.$ctor1("workspace", symbols);
const globals = GlobalState.Default.WithDatabase(database);

const said = {};
for (const [name, text] of Object.entries(queries)) {
  const diagnostics = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
  said[name] = Array.from({ length: diagnostics.Count }, (_, i) => diagnostics.getItem(i).Message);
}
console.log(JSON.stringify(said));
