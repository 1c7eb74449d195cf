"""Answers on their way out and in again: tables and lines for people, files for programs.

What is written is whole or not there, and reads back as what it was.
"""
