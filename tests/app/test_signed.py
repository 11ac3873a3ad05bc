"""Signing in: asked for where it is configured, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from app import signed
signed.required()
st.write("inside")
"""
AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "lineage",
    "client_secret": "y" * 32,
    "server_metadata_url": "https://id.acme.example/.well-known/openid-configuration",
}


def page(auth: object = None) -> AppTest:
    found = AppTest.from_string(SCRIPT, default_timeout=30)
    if auth is not None:
        found.secrets["auth"] = auth
    return found.run()


def inside(found: AppTest) -> bool:
    return "inside" in [one.value for one in found.markdown]


def test_nobody_is_asked_where_nothing_is_configured() -> None:
    found = page()
    assert inside(found)
    assert not found.button


def test_a_stranger_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "user", SimpleNamespace(is_logged_in=False))
    found = page(AUTH)
    assert not inside(found)
    assert [button.label for button in found.button] == ["Sign in"]


def test_each_provider_has_its_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "user", SimpleNamespace(is_logged_in=False))
    shared = {"redirect_uri": AUTH["redirect_uri"], "cookie_secret": AUTH["cookie_secret"]}
    found = page({**shared, "acme": AUTH, "guests": AUTH})
    labels = [button.label for button in found.button]
    assert labels == ["Sign in with acme", "Sign in with guests"]


def test_the_button_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(st, "user", SimpleNamespace(is_logged_in=False))
    monkeypatch.setattr(st, "login", asked.append)
    page(AUTH).button[0].click().run()
    assert asked == [None]


def test_whoever_is_signed_in_sees_it_and_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    who = {"email": "ada@acme.example"}
    monkeypatch.setattr(st, "user", SimpleNamespace(is_logged_in=True, get=who.get))
    found = page(AUTH)
    assert inside(found)
    assert "Signed in as ada@acme.example" in [one.value for one in found.caption]
    assert [button.label for button in found.button] == ["Sign out"]
