"""Texts that a shell could take for something else."""

from hypothesis import strategies as st

__all__ = ["SHELL_TEXTS"]

SHELL_TEXTS = st.text(st.sampled_from("\0\a\t\n\r\x1b '\"\\%$`!@-0é\x85\u202e")).map(str.encode)
