"""Datasets: what jobs have made, in versions that never change, and exports of them."""
