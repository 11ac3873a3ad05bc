"""Who may look: everybody, or whoever signs in with the OIDC provider of `[auth]` in the secrets.

Streamlit does the signing in (`.streamlit/secrets.toml`, see its documentation of `st.login`); it
needs the package Authlib. Without an `[auth]` section nothing is asked.
"""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAPIException, StreamlitSecretNotFoundError


def required() -> None:
    """Stop here until somebody has signed in, if that is configured; else say who it is."""
    if not _configured():
        return
    if st.user.is_logged_in:
        with st.sidebar:
            st.caption(f"Signed in as {st.user.get('email') or st.user.get('name') or 'somebody'}")
            st.button("Sign out", on_click=st.logout, width="stretch")
        return
    st.title("Lineage", anchor=False)
    st.write("This estate is shown to whoever is signed in.")
    for provider in _providers():
        name = "Sign in" if provider is None else f"Sign in with {provider}"
        if st.button(name):
            try:
                st.login(provider)
            except StreamlitAPIException as error:  # a part of [auth] is missing, or Authlib is
                st.error(str(error))
    st.stop()


def _configured() -> bool:
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def _providers() -> list[str | None]:
    """Return the providers by name; None stands for one that has none."""
    section = st.secrets["auth"]
    named = [name for name in section if hasattr(section[name], "keys")]
    return [*named] or [None]
