"""Ask Spark's own analyzer for its typing rules and write them where lineage.sql.typing finds them.

    python scripts/spark_types.py

Every function, operator, cast and combination is analyzed over columns of each type, once as Spark
3.5 comes and once under ANSI mode. What both take has a type if both give the same; what neither
takes is refused; the rest is left open. Needs pyspark and a JDK, which the library does not.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyspark

TARGET = Path(__file__).parents[1] / "lineage/sql/typing/data/spark.json.gz"
JARS = Path(pyspark.__file__).parent / "jars"

# A class of types, and types of that class: what holds for all of them holds for the class.
TYPES = {
    "TINYINT": ["TINYINT"],
    "SMALLINT": ["SMALLINT"],
    "INT": ["INT"],
    "BIGINT": ["BIGINT"],
    "FLOAT": ["FLOAT"],
    "DOUBLE": ["DOUBLE"],
    "DECIMAL": ["DECIMAL(7,2)", "DECIMAL(38,18)"],
    "STRING": ["STRING"],
    "BOOLEAN": ["BOOLEAN"],
    "BINARY": ["BINARY"],
    "DATE": ["DATE"],
    "TIMESTAMP": ["TIMESTAMP"],
    "TIMESTAMP_NTZ": ["TIMESTAMP_NTZ"],
    "INTERVAL DAY": ["INTERVAL DAY"],
    "INTERVAL DAY TO SECOND": ["INTERVAL DAY TO SECOND"],
    "INTERVAL YEAR TO MONTH": ["INTERVAL YEAR TO MONTH"],
    "ARRAY": ["ARRAY<INT>", "ARRAY<STRING>"],
    "MAP": ["MAP<STRING, INT>", "MAP<DATE, DOUBLE>"],
    "STRUCT": ["STRUCT<p: INT, q: STRING>"],
    "VOID": ["VOID"],
}
FEW = ("INT", "DOUBLE", "DECIMAL", "STRING", "BOOLEAN", "BINARY", "DATE", "TIMESTAMP", "ARRAY",
       "MAP", "STRUCT")  # fmt: skip
FEWER = ("INT", "STRING", "DATE", "ARRAY")
SHORT = 2
"""Calls with so many arguments are tried with all types, longer ones with few."""
OPERATORS = {
    **{sign: f"{{}} {sign} {{}}" for sign in (
        "+", "-", "*", "/", "%", "DIV", "||", "&", "|", "^", "=", "<", "AND", "LIKE", "RLIKE",
    )},
    "case": "CASE WHEN true THEN {} ELSE {} END",
    "coalesce": "coalesce({}, {})",
    "list": "array({}, {})",
    "in": "{} IN ({})",
}  # fmt: skip
UNARY = {"unary -": "- {}", "unary ~": "~ {}", "NOT": "NOT {}"}
# What a query says with words of its own, or what can do harm, is no function to be tried.
SKIPPED = re.compile(
    r"[^a-z_0-9]|^(case|when|cast|in|not|and|or|any|between|like|rlike|ilike|div|"
    r"raise_error|java_method|reflect|window|session_window|window_time)$"
)
OVER = " OVER (ORDER BY 1)"
REFUSALS = re.compile(
    r"DATATYPE_MISMATCH\.(UNEXPECTED_INPUT_TYPE|BINARY|DATA_DIFF|INVALID_ORDERING|CAST_WITHOUT|"
    r"BINARY_ARRAY|ARRAY_FUNCTION|MAP_FUNCTION|WRONG_TYPE|UNEXPECTED_RETURN|CAST_WITH_CONF|"
    r"CAST_WITH_FUNC|ARRAY|MAP|NOT_|INVALID_MAP|PARAMETER_CONSTRAINT|TYPE_CHECK_FAILURE_WITH_HINT)|"
    r"INCOMPATIBLE_COLUMN_TYPE"
)

PROBE = """
import org.apache.spark.sql._
import org.apache.spark.sql.catalyst.expressions._
import org.apache.spark.sql.catalyst.plans.logical._
import scala.io.Source
object Probe {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().master("local[1]").config("spark.ui.enabled", "false")
      .config("spark.sql.ansi.enabled", args(0)).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    val parser = spark.sessionState.sqlParser
    val analyzer = spark.sessionState.analyzer
    val lines = Source.fromInputStream(System.in, "UTF-8").getLines
    val attributes = lines.takeWhile(_.nonEmpty).map { line =>
      val Array(name, kind) = line.split("=", 2)
      AttributeReference(name, parser.parseDataType(kind))() : Attribute
    }.toList
    val relation = LocalRelation(attributes)
    val single = attributes.map(a => a.name -> Project(Seq(a), relation)).toMap
    for (line <- lines) {
      val said = try {
        val plan = if (line.startsWith("union ")) {
          val Array(_, one, two) = line.split(" ")
          val other = LocalRelation(attributes.map(_.newInstance()))
          Union(Project(Seq(named(one)), relation), Project(Seq(named(two)), other))
        } else Project(Seq(Alias(parser.parseExpression(line), "x")()), relation)
        val done = analyzer.execute(plan)
        analyzer.checkAnalysis(done)
        if (done.output.size == 1) done.output.head.dataType.sql else "?"
      } catch {
        case e: AnalysisException => "!" + Option(e.getErrorClass).getOrElse("?")
        case e: Throwable => "!" + e.getClass.getSimpleName
      }
      println("= " + said)
    }
    println("# " + spark.version)
    spark.stop()
  }
  def named(name: String) =
    org.apache.spark.sql.catalyst.analysis.UnresolvedAttribute(Seq(name))
}
"""
NAMES = """
import org.apache.spark.sql._
object Names {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().master("local[1]").config("spark.ui.enabled", "false")
      .getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    spark.sessionState.functionRegistry.listFunction().map(_.funcName).distinct.sorted
      .foreach(name => println("= " + name))
    spark.stop()
  }
}
"""
COLUMNS = {f"c{n}": type_ for n, type_ in enumerate(t for ts in TYPES.values() for t in ts)}
CALLED = {type_: name for name, type_ in COLUMNS.items()}


class Engine:
    """Spark's analyzer, compiled against the jars that pyspark brings."""

    def __init__(self, folder: Path) -> None:
        self._classes = folder
        self.version = ""
        for name, text in (("Probe", PROBE), ("Names", NAMES)):
            (folder / f"{name}.scala").write_text(text, encoding="utf-8")
            compiler = ("scala.tools.nsc.Main", "-usejavacp", "-d", str(folder))
            self._java(f"{JARS}/*", *compiler, str(folder / f"{name}.scala"))

    def _java(self, path: str, *arguments: str, text: str = "") -> str:
        opened = ("java.lang", "java.lang.invoke", "java.net", "java.nio", "java.util",
                  "java.util.concurrent", "sun.nio.ch", "sun.security.action")  # fmt: skip
        flags = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in opened]
        command = ["java", "-Xss64m", *flags, "-cp", path, *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)  # noqa: S603 - built here
        return done.stdout

    def names(self) -> list[str]:
        """Return the functions that the engine lists."""
        said = self._java(f"{self._classes}:{JARS}/*", "Names")
        names = [line[2:] for line in said.splitlines() if line.startswith("= ")]
        return [name for name in names if not SKIPPED.search(name)]

    def ask(self, questions: list[str]) -> list[str]:
        """Return for each expression its type, ``!`` if it is refused, ``?`` if that is open."""
        given = "\n".join(f"{name}={type_}" for name, type_ in COLUMNS.items())
        text = given + "\n\n" + "".join(question + "\n" for question in questions)
        answers = []
        for ansi in ("false", "true"):
            said = self._java(f"{self._classes}:{JARS}/*", "Probe", ansi, text=text)
            lines = said.splitlines()
            self.version = next(line[2:] for line in lines if line.startswith("# "))
            answers.append([line[2:] for line in lines if line.startswith("= ")])
        return [_agreed(*pair) for pair in zip(*answers, strict=True)]


def _agreed(plain: str, ansi: str) -> str:
    if plain == ansi and not plain.startswith("!"):
        return plain
    if plain.startswith("!") and ansi.startswith("!"):
        if REFUSALS.match(plain[1:]) and REFUSALS.match(ansi[1:]):
            return "!"
        return plain if plain == ansi else "?"
    if ansi.startswith("!"):
        return plain
    return "?"


def _columns(*classes: str) -> Iterator[tuple[str, ...]]:
    """Yield the types to try for a row of classes."""
    yield from itertools.product(*(TYPES[name] for name in classes))


def _inside(type_: str) -> list[tuple[str, str]]:
    """Return what a nested type is made of, with the sign of each in a template."""
    array = re.fullmatch(r"ARRAY<(.*)>", type_)
    if array:
        return [("e", array[1])]
    pair = re.fullmatch(r"MAP<(\w+), (\w+)>", type_)
    return [("k", pair[1]), ("v", pair[2])] if pair else []


def _templates(result: str, types: tuple[str, ...]) -> set[str]:
    """Return the ways in which a result may follow from its arguments: ``$1`` and the like."""
    given = {f"${n + 1}": type_ for n, type_ in enumerate(types)}
    for n, type_ in enumerate(types):
        given.update({f"${n + 1}{sign}": inner for sign, inner in _inside(type_)})
    found = {sign for sign, type_ in given.items() if type_ == result}
    found |= {f"[{sign}]" for sign, type_ in given.items() if f"ARRAY<{type_}>" == result}
    return found | {result}


def _rule(answers: dict[tuple[str, ...], str]) -> str:
    """Return what holds for all types of a row of classes: a template, ``!`` or ``?``."""
    if any(answer.startswith(("?", "!")) for answer in answers.values()):
        return "!" if set(answers.values()) == {"!"} else "?"
    common = set.intersection(*(_templates(said, types) for types, said in answers.items()))
    # A constant is the least claim, unless it is the very struct that was given.
    common = {text for text in common if "STRUCT<p" not in text}
    return min(common, key=lambda text: ("$" in text, len(text)), default="?")


class Table:
    """Rows of classes, the questions that they are asked by, and what follows of the answers."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self._rows: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []

    def add(self, name: str, form: str, classes: Iterable[str], width: int) -> None:
        """Ask a form of every row of classes."""
        for row in itertools.product(classes, repeat=width):
            for types in _columns(*row):
                self.questions.append(form.format(*(CALLED[type_] for type_ in types)))
                self._rows.append((name, row, types))

    def rules(self, answers: list[str]) -> dict[str, dict[tuple[str, ...], str]]:
        """Return by name and row what holds."""
        gathered: dict[str, dict[tuple[str, ...], dict[tuple[str, ...], str]]] = {}
        for (name, row, types), said in zip(self._rows, answers, strict=True):
            gathered.setdefault(name, {}).setdefault(row, {})[types] = said
        return {name: {row: _rule(said) for row, said in rows.items()}
                for name, rows in gathered.items()}  # fmt: skip


def packed(rows: dict[tuple[str, ...], str], classes: list[str], width: int) -> Any:  # noqa: ANN401 - JSON
    """Return rules as a palette, and a number of it for each row in order."""
    palette: list[str] = []
    numbers = []
    for row in itertools.product(classes, repeat=width):
        said = rows[row]
        if said not in palette:
            palette.append(said)
        numbers.append(palette.index(said))
    return palette[0] if len(palette) == 1 else [palette, numbers]


def functions(engine: Engine) -> dict[str, dict[str, Any]]:
    """Return by name and number of arguments what a function gives."""
    names = engine.names()
    tried = [(name, n) for name in names for n in range(5)]
    calls = [f"{name}({', '.join([CALLED['INT']] * n)})" for name, n in tried]
    over = [call + OVER for call in calls]
    said = dict(zip(tried, zip(engine.ask(calls), engine.ask(over), strict=True), strict=True))
    found: dict[str, dict[str, Any]] = {}
    for width in range(5):
        table, classes = Table(), list(TYPES)
        if width > SHORT:
            classes = list(FEW if width == SHORT + 1 else FEWER)
        for name in names:
            plain, windowed = said[name, width]
            if plain.startswith("!WRONG_NUM_ARGS") or "UNRESOLVED_ROUTINE" in plain:
                continue
            only_over = plain.startswith("!WINDOW_FUNCTION")
            if only_over and windowed.startswith("!WRONG_NUM_ARGS"):
                continue
            form = f"{name}({', '.join(['{}'] * width)})" + (OVER if only_over else "")
            table.add(name, form, classes, width)
        for name, rows in table.rules(engine.ask(table.questions)).items():
            if any(rule not in {"?", "!"} and not rule.startswith("!") for rule in rows.values()):
                found.setdefault(name, {})[str(width)] = _kept(rows, classes, width)
        print(width, len(table.questions), flush=True)
    return found


def _kept(rows: dict[tuple[str, ...], str], classes: list[str], width: int) -> Any:  # noqa: ANN401 - JSON
    """Return what is worth keeping: all rows of short calls, of long ones what they agree on."""
    open_ = {row: "?" if rule.startswith("!") and rule != "!" else rule
             for row, rule in rows.items()}  # fmt: skip
    if width <= SHORT:
        return packed(open_, classes, width)
    given = {rule for rule in open_.values() if rule not in {"?", "!"}}
    return given.pop() if len(given) == 1 else "?"


def combinations(engine: Engine) -> dict[str, Any]:
    """Return what operators and the like give, and which casts there are."""
    classes = list(TYPES)
    table, unary = Table(), Table()
    for name, form in OPERATORS.items():
        table.add(name, form, classes, 2)
    table.add("union", "union {} {}", classes, 2)
    for name, form in UNARY.items():
        unary.add(name, form, classes, 1)
    rules = table.rules(engine.ask(table.questions))
    single = unary.rules(engine.ask(unary.questions))
    result = {name: packed(rows, classes, 2) for name, rows in rules.items()}
    result.update({name: packed(rows, classes, 1) for name, rows in single.items()})
    targets = [type_ for type_ in CALLED if type_ != "VOID"]
    asked = [(source, target) for source in CALLED for target in targets]
    answers = engine.ask([f"CAST({CALLED[s]} AS {t.replace('p:', 'p:')})" for s, t in asked])
    result["cast"] = sorted(
        {(_class(s), _class(t)) for (s, t), said in zip(asked, answers, strict=True) if said == "!"}
        - {(_class(s), _class(t)) for (s, t), said in zip(asked, answers, strict=True)
           if said != "!"}
    )  # fmt: skip
    return result


def _class(type_: str) -> str:
    return next(name for name, types in TYPES.items() if type_ in types)


def main() -> None:
    """Write the table."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        document = {
            "classes": list(TYPES),
            "combinations": combinations(engine),
            "functions": functions(engine),
        }
        document["source"] = f"Spark SQL {engine.version}, analyzer"
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
