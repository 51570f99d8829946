"""``inventory/non-atomic-write`` where a report adds up what was read: nobody keeps what it counts in."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "inventory/non-atomic-write"
_MODELS = (
    "const { DataTypes, Sequelize } = require('sequelize');\nconst s = new Sequelize(process.env.DB);\n"
    "exports.Event = s.define('Event', { sku: DataTypes.STRING, stock: DataTypes.INTEGER });\n"
)
_NODE = "const { Event } = require('./models');\nexports.run = async (req, res) => {\n  BODY\n};\n"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("res.json((await Event.findAll()).reduce((acc, e) => { acc.stock += e.stock; return acc; }, { stock: 0 }));", False),
        (
            "res.json((await Event.findAll()).reduceRight((acc, e) => { acc.stock = acc.stock + e.stock; return acc; }, { stock: 0 }));",
            False,
        ),
        ("const all = { stock: 0 }; (await Event.findAll()).forEach((e) => { all.stock += e.stock; }); res.json(all);", False),
        ("const e = await Event.findByPk(req.params.id); e.stock -= req.body.n; await e.save(); res.json(e);", True),
        (
            (
                "await req.body.lines.reduce(async (before, l) => { await before; const e = await Event.findByPk(l.id); e.stock -= l.n; "
                "await e.save(); }, Promise.resolve()); res.json({});"
            ),
            True,
        ),
    ],
)
def test_a_tally_is_no_stock(tmp_path: Path, body: str, wrong: bool) -> None:
    files = {"package.json": "{}", "models.js": _MODELS, "run.js": _NODE.replace("BODY", body)}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "report.php",
            (
                "<?php\nfunction total($rows) {\n  "
                "return array_reduce($rows, function ($acc, $r) { $acc->stock += $r->stock; return $acc; }, "
                "(object) ['stock' => 0]);\n}\n"
            ),
        ),
        ("report.php", "<?php\nfunction total($rows) {\n  $t = new stdClass();\n  foreach ($rows as $r) { $t->stock += $r->stock; }\n}\n"),
        (
            "report.py",
            (
                "from types import SimpleNamespace\n\n\ndef total(rows):\n    total = SimpleNamespace(stock=0)\n    for row in rows:\n"
                "        total.stock += row.stock\n    return total\n"
            ),
        ),
    ],
)
def test_nor_is_one_in_other_languages(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, {name: text}, _CHECK) == []
