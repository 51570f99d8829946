"""``boundary/secret-logged`` where the shop's settings are a document with keys of providers in its parts."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_MODEL = """\
import mongoose from 'mongoose';
const schema = new mongoose.Schema({
  general: { storeName: String },
  payment: { stripePublishableKey: { type: String }, stripeSecretKey: { type: String, default: '' } },
});
schema.statics.getSettings = async function () {
  let settings = await this.findOne({});
  if (!settings) { settings = new this({}); await settings.save(); }
  return settings;
};
export default mongoose.models.Settings || mongoose.model('Settings', schema);
"""


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("const settings = await Settings.getSettings(); console.log('settings', settings);", True),
        ("const settings = await Settings.findOne(); console.log({ settings });", True),
        ("const [settings] = await Settings.find(); console.log(settings);", True),
        ("const { payment, ...rest } = await Settings.findOne().lean(); console.log(rest);", False),
        ("const settings = await Settings.findOne().select('-payment'); console.log(settings);", False),
        ("const settings = await Settings.getSettings(); console.log(settings.general);", False),
        ("const settings = await Settings.getSettings(); console.log(settings._id);", False),
        ("const found = await Settings.countDocuments(); console.log(found);", False),
    ],
)
def test_settings_are_not_logged_whole(tmp_path: Path, body: str, wrong: bool) -> None:
    route = f"import Settings from '../models/settings';\nexport async function GET(req) {{\n  {body}\n  return Response.json({{}});\n}}\n"
    assert bool(found(tmp_path, {"models/settings.js": _MODEL, "app/route.js": route}, "boundary/secret-logged")) is wrong
