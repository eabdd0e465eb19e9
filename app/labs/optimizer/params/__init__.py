"""The params of the lab's experiments, one file each. No torch."""

from app.labs.optimizer.params.basins import BasinsParams
from app.labs.optimizer.params.landscape import LandscapeParams
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.params.training import TrainingParams

__all__ = ["BasinsParams", "LandscapeParams", "RaceParams", "TrainingParams"]
