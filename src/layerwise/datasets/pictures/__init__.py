"""Pictures in folders named by class, as a data set, and single pictures for a model that was trained on one."""

from layerwise.datasets.pictures.folder import Pictures, read_folder
from layerwise.datasets.pictures.form import PictureForm, form_of
from layerwise.datasets.pictures.listing import files_in

__all__ = ["PictureForm", "Pictures", "files_in", "form_of", "read_folder"]
