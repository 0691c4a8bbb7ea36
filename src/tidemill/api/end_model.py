"""EndModel: the model that predicts from texts, images or features, with scikit-learn's conventions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tidemill.api.contents import content_table, contents_of
from tidemill.api.training_labels import training_targets, training_weights
from tidemill.apps.models.model import CHUNK, Predictions
from tidemill.common.arrays import feature_array
from tidemill.common.estimators import Estimator
from tidemill.common.files import atomic_write
from tidemill.contracts import Features, InputError, Probabilities
from tidemill.embed.embedder import Embedder, embedder_of
from tidemill.project.layout import find_root, shared_root_of
from tidemill.reports.model import ModelConfig
from tidemill.train.end_model import model as trained
from tidemill.train.end_model.outliers import Outliers
from tidemill.train.head.fit import fit_head
from tidemill.train.head.head import TUNED
from tidemill.train.recipes.recipe import sharpened
from tidemill.train.settings import (
    AugmentationSettings,
    EarlyStoppingSettings,
    HeadSettings,
    LabelsSettings,
    LossSettings,
    OptimizerSettings,
    TrainSettings,
)

_FEATURES: Final = "features"
"""Modality of a model that was fitted on features and knows no backbone."""
Array = npt.NDArray[np.float64]


class EndModel(Estimator):
    """Predicts classes of texts, images or features.

    Load one that a project has trained, or fit the head on features and probabilistic labels. Parameters are of ``fit``
    alone, with the names and defaults of ``conf/train/base.yaml``.

    Parameters
    ----------
    classes
        Names of the classes in the order of the columns of probabilistic labels. None: their numbers, or for hard labels
        the sorted labels.
    hidden_sizes
        Units of the hidden layers; ``()``: a linear classifier.
    dropout
        Share of the hidden units that are dropped in training.
    feature_fraction
        Share of the dimensions that are read: those in which the classes' means lie furthest apart.
    learning_rate, weight_decay
        Of AdamW.
    batch_size
        Rows of a mini-batch.
    max_epochs
        Most passes over the rows.
    patience
        Epochs without a lower loss on validation rows before training stops.
    validation_fraction
        Share of the rows held out for early stopping.
    sharpening
        Power that probabilistic labels are raised to; 1: as they are.
    class_balance
        Give all classes the same weight.
    loss
        ``soft_cross_entropy`` or ``generalised_cross_entropy``.
    q
        Of the latter: near 0 cross entropy, 1 the mean absolute error.
    mixup_alpha
        Rows are mixed two by two, in shares drawn from Beta(alpha, alpha); 0: off.
    noise_std
        Noise added to features in training, in standard deviations of each; 0: off.
    seed
        Of all that is drawn.
    threads
        Threads of torch.

    Attributes
    ----------
    classes_ : (n_classes,)
        Names of the classes, or their labels.
    n_features_in_ : int
        Dimensions of the features.
    config_ : dict
        What is known of the model: backbone, settings, batches, training.
    fitted_ : tidemill.train.end_model.model.EndModel
        What predicts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = np.concatenate([rng.normal(-2, 1, (60, 3)), rng.normal(2, 1, (60, 3))])
    >>> weak = np.repeat([[0.9, 0.1], [0.2, 0.8]], 60, axis=0)  # as LabelModel.predict_proba gives them
    >>> model = EndModel(classes=["ham", "spam"], hidden_sizes=(), learning_rate=0.05).fit(features, weak)
    >>> model.predict([[-2, -2, -2], [2, 2, 2], [0, 0, 0]], abstain_below=0.7).tolist()[:2]
    ['ham', 'spam']
    """

    classes_: npt.NDArray[Any]
    n_features_in_: int
    config_: dict[str, Any]
    fitted_: trained.EndModel
    _home: Path | None = None
    _embedder: Embedder | None = None
    _outliers: Outliers | None = None

    def __init__(  # noqa: PLR0913 - scikit-learn's convention: a parameter each
        self,
        *,
        classes: Sequence[Any] | None = None,
        hidden_sizes: Sequence[int] = (256,),
        dropout: float = 0.3,
        feature_fraction: float = 1.0,
        learning_rate: float = 0.001,
        weight_decay: float = 0.01,
        batch_size: int = 256,
        max_epochs: int = 60,
        patience: int = 10,
        validation_fraction: float = 0.1,
        sharpening: float = 2.0,
        class_balance: bool = True,
        loss: str = "soft_cross_entropy",
        q: float = 0.7,
        mixup_alpha: float = 0.0,
        noise_std: float = 0.0,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        self.classes = classes
        self.hidden_sizes = hidden_sizes
        self.dropout = dropout
        self.feature_fraction = feature_fraction
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.sharpening = sharpening
        self.class_balance = class_balance
        self.loss = loss
        self.q = q
        self.mixup_alpha = mixup_alpha
        self.noise_std = noise_std
        self.seed = seed
        self.threads = threads

    @classmethod
    def load(cls, folder: Path | str, *, root: Path | str | None = None, threads: int = 1) -> Self:
        """Load a model from its folder.

        Parameters
        ----------
        folder
            What the train stage, ``save`` or `tidemill export` wrote: ``config.json``, weights and what goes with them.
            ``Project.champion`` finds the folder of a promoted version.
        root
            Project below which the weights of the backbone are (``data/packages/…``); None: the one that the folder is in.
        threads
            Threads of torch, when rows are embedded.

        Returns
        -------
        EndModel
            Ready to predict.

        Raises
        ------
        DataError
            A file is missing, damaged or of a newer format.
        """
        folder = Path(folder).resolve()
        model = cls(threads=threads)
        model._adopt(trained.EndModel.load(folder))
        model._outliers = Outliers.load(folder)
        backbone = model.fitted_.config.backbone
        is_tuned = backbone is not None and backbone.settings.get("weights") == TUNED
        model._home = folder if is_tuned else _project_of(folder) if root is None else Path(root)
        return model

    def save(self, folder: Path | str) -> None:
        """Write the model to a folder that ``load`` reads.

        Parameters
        ----------
        folder
            Folder to write to: safetensors and JSON, each file whole or absent.

        Raises
        ------
        InputError
            The model reads a backbone, and is saved with its project.
        NotFittedError
            ``fit`` has not been called.
        """
        self._check_is_fitted()
        if self.fitted_.config.backbone is not None:
            raise InputError("this model belongs to a project: copy its folder, or `tidemill export` it")
        for name, content in self.fitted_.files().items():
            with atomic_write(Path(folder) / name) as part:
                part.write_bytes(content)

    def fit(self, features: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the head on features and labels.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Of a frozen backbone, or any other numbers.
        y : (n_rows, n_classes) or (n_rows,)
            Probabilistic labels, as ``LabelModel.predict_proba`` gives them, or a label each.
        sample_weight : (n_rows,)
            Rows of weight 0 are left out: such as those on which no labeling function votes. None: all weigh the same.

        Returns
        -------
        EndModel
            Itself.

        Raises
        ------
        InputError
            Features are no matrix of finite numbers, labels are not as many, or there are fewer than two classes.
        """
        matrix = feature_array(features)
        targets, classes = training_targets(y, len(matrix), self.classes)
        weights = training_weights(sample_weight, len(matrix))
        head = fit_head(matrix, sharpened(targets, self.sharpening), settings=self._settings(), weights=weights)
        config = ModelConfig(
            modality=_FEATURES,
            classes=tuple(classes.tolist()),
            backbone=None,
            batches={},
            dimensions=matrix.shape[1],
            training=head.training,
        )
        self._home = self._embedder = self._outliers = None
        self._adopt(trained.EndModel(type(head)(head.mean, head.scale, head.layers, config)))
        self.classes_ = classes
        return self

    def predict_proba(self, rows: Any) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        rows : (n_rows, n_dimensions) or (n_rows,)
            Features; or, where the model has a backbone, texts or images (paths or encoded bytes) as a list or a Series.

        Returns
        -------
        (n_rows, n_classes)
            Rows sum to 1.

        Raises
        ------
        InputError
            The rows are not what the model reads.
        PackageError
            The rows are to be embedded, and the weights of the backbone are not there.
        NotFittedError
            The model is neither fitted nor loaded.
        """
        return self._answer(rows).probabilities

    def predict(self, rows: Any, *, abstain_below: float = 0.0) -> npt.NDArray[Any]:
        """Predict a class for each row.

        Parameters
        ----------
        rows
            As for ``predict_proba``.
        abstain_below
            Probability of the likeliest class below which the model abstains.

        Returns
        -------
        (n_rows,)
            Members of ``classes_``. None where the model abstains, and ``none_of_the_above`` where it was trained to reject
            rows and the row is unlike all that it was trained on.

        Raises
        ------
        InputError
            ``abstain_below`` is not in [0, 1], or the rows are not what the model reads.
        PackageError, NotFittedError
            As ``predict_proba``.
        """
        if not 0.0 <= abstain_below <= 1.0:
            raise InputError(f"abstain_below {abstain_below:g} is no probability: give one from 0 to 1")
        answer = self._answer(rows)
        if not abstain_below and answer.outlier is None:
            return np.asarray(self.classes_[answer.probabilities.argmax(axis=1)])
        return np.array(answer.decided(self.classes_.tolist(), abstain_below), dtype=object)

    def outlier_scores(self, rows: Any) -> Array | None:
        """Score how different each row is from the training rows.

        Parameters
        ----------
        rows
            As for ``predict_proba``.

        Returns
        -------
        (n_rows,) or None
            Above 1 a row is none of the above; None where the model was trained to give every row a class.
        """
        return self._answer(rows).outlier

    def score(self, rows: Any, y: Any, sample_weight: Any = None) -> float:
        """Measure the accuracy.

        Parameters
        ----------
        rows
            As for ``predict_proba``.
        y : (n_rows,)
            True classes, members of ``classes_``.
        sample_weight : (n_rows,)
            None: all weigh the same.

        Returns
        -------
        float
            Weighted share of rows whose prediction is the true class, in [0, 1].

        Raises
        ------
        InputError, PackageError, NotFittedError
            As ``predict_proba``.
        """
        hits = self.predict(rows) == np.asarray(y)
        return float(np.average(hits, weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this is a classifier."""
        from sklearn.utils import ClassifierTags

        tags = super().__sklearn_tags__()
        tags.estimator_type, tags.classifier_tags, tags.target_tags.required = "classifier", ClassifierTags(), True
        return tags

    def _adopt(self, fitted: trained.EndModel) -> None:
        self.fitted_ = fitted
        self.classes_ = np.array(fitted.config.classes)
        self.n_features_in_ = len(fitted.head.mean)
        self.config_ = json.loads(fitted.config.text())

    def _answer(self, rows: Any) -> Predictions:
        self._check_is_fitted()
        contents = contents_of(rows)
        features = feature_array(rows) if contents is None else self._embedded(contents)
        if not len(features):
            empty = np.zeros(0)
            return Predictions(np.zeros((0, len(self.classes_))), None if self._outliers is None else empty)
        if features.shape[1] != self.n_features_in_:
            raise InputError(
                f"X has {features.shape[1]} features, but EndModel is expecting {self.n_features_in_} features as input"
            )
        texts = [str(content) for content in contents] if contents is not None and self.fitted_.reads_text else None
        outlier = None if self._outliers is None else self._outliers.score(features)
        return Predictions(self.fitted_.predict_proba(features, texts), outlier)

    def _embedded(self, contents: Sequence[Any]) -> Features:
        if self._home is None or self.fitted_.config.backbone is None:
            raise InputError(
                "this model was fitted on features and has no backbone: give features, not texts or images"
            )
        if self._embedder is None:
            self._embedder = embedder_of(self.fitted_.backbone, root=self._home, threads=self.threads)
        size = CHUNK[self._embedder.modality]
        starts = range(0, len(contents), size)
        tables = (content_table(contents[start : start + size], self._embedder.modality, start) for start in starts)
        parts = [self._embedder.features(table, name="predict") for table in tables]
        return np.concatenate(parts) if parts else np.zeros((0, self.n_features_in_), dtype=np.float32)

    def _settings(self) -> TrainSettings:
        """The settings that the head is fitted by; what belongs to other steps of a project stays unset."""
        return TrainSettings.model_construct(
            head=HeadSettings(
                hidden_sizes=tuple(self.hidden_sizes), dropout=self.dropout, feature_fraction=self.feature_fraction
            ),
            optimizer=OptimizerSettings(
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                batch_size=self.batch_size,
                max_epochs=self.max_epochs,
            ),
            early_stopping=EarlyStoppingSettings(patience=self.patience, validation_fraction=self.validation_fraction),
            labels=LabelsSettings.model_construct(sharpening=self.sharpening, class_balance=self.class_balance),
            loss=LossSettings.model_validate({"name": self.loss, "q": self.q}),
            augmentation=AugmentationSettings(mixup_alpha=self.mixup_alpha, noise_std=self.noise_std),
            seed=self.seed,
            threads=self.threads,
            trainer={"accelerator": "cpu", "devices": 1},
        )


def _project_of(folder: Path) -> Path:
    """Where the weights are that runs of the project share; the folder itself outside of any project."""
    top = find_root(folder)
    return folder if top is None else shared_root_of(top)
