"""``boundary/secret-logged`` where an SDK hands over the cookies of a session to be kept."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_SERVER = """\
import { createServerClient } from '@supabase/ssr';
import { cookies } from 'next/headers';
export function createClient() {
  const store = cookies();
  return createServerClient(process.env.SUPABASE_URL, process.env.SUPABASE_ANON_KEY, {
    cookies: {
      getAll() { return store.getAll(); },
      KEEPS
    },
  });
}
"""


@pytest.mark.parametrize(
    ("keeps", "wrong"),
    [
        (
            "setAll(all) { all.forEach(({ name, value }) => { console.log({ name, value }); store.set(name, value); }); },",
            True,
        ),
        ("setAll(all) { console.log('kept', all); all.forEach((c) => store.set(c.name, c.value)); },", True),
        ("setAll(all) { all.forEach((c) => { console.log(`${c.name}=${c.value}`); store.set(c.name, c.value); }); },", True),
        ("set(name, value, options) { console.log('kept', name, value); store.set({ name, value, ...options }); },", True),
        ("setAll(all) { all.forEach(({ name, value }) => { console.log('kept', name); store.set(name, value); }); },", False),
        ("setAll(all) { console.log('kept', all.length); all.forEach((c) => store.set(c.name, c.value)); },", False),
        ("setAll(all) { try { all.forEach((c) => store.set(c.name, c.value)); } catch { console.log('from a component'); } },", False),
    ],
)
def test_cookies_that_are_kept(tmp_path: Path, keeps: str, wrong: bool) -> None:
    files = {
        "package.json": '{"dependencies": {"next": "14", "@supabase/ssr": "0.5"}}',
        "lib/server.js": _SERVER.replace("KEEPS", keeps),
    }
    assert bool(found(tmp_path, files, "boundary/secret-logged")) is wrong
