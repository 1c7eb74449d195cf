"""One model file: what it says of itself, its session, and how its outputs become scores.

A file is opened whole and checked, or refused; code never asks for a model's name.
"""
