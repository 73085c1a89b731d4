from .api import (
    analyse as analyse,
)
from .api import (
    card as card,
)
from .api import (
    check as check,
)
from .api import (
    compare as compare,
)
from .api import (
    compare_audio as compare_audio,
)
from .api import (
    compare_pair as compare_pair,
)
from .api import (
    curve as curve,
)
from .api import (
    download as download,
)
from .api import (
    eda as eda,
)
from .api import (
    estimate as estimate,
)
from .api import (
    evaluate as evaluate,
)
from .api import (
    export as export,
)
from .api import (
    export_onnx as export_onnx,
)
from .api import (
    extract as extract,
)
from .api import (
    extract_for as extract_for,
)
from .api import (
    figure as figure,
)
from .api import (
    figures as figures,
)
from .api import (
    fit as fit,
)
from .api import (
    gc as gc,
)
from .api import (
    human as human,
)
from .api import (
    import_answers as import_answers,
)
from .api import (
    invert as invert,
)
from .api import (
    learning as learning,
)
from .api import (
    listen as listen,
)
from .api import (
    load as load,
)
from .api import (
    losses as losses,
)
from .api import (
    ls as ls,
)
from .api import (
    player as player,
)
from .api import (
    predict as predict,
)
from .api import (
    predict_over_time as predict_over_time,
)
from .api import (
    preview as preview,
)
from .api import (
    repair as repair,
)
from .api import (
    report as report,
)
from .api import (
    show as show,
)
from .api import (
    splits as splits,
)
from .api import (
    stress as stress,
)
from .api import (
    submit as submit,
)
from .api import (
    synth as synth,
)
from .api import (
    train as train,
)
from .api import (
    tune as tune,
)
from .api import (
    verify as verify,
)
from .api import (
    why as why,
)
from .api.catalogue import describe_feature as describe_feature
from .api.catalogue import describe_model as describe_model
from .api.catalogue import list_corpora as list_corpora
from .api.catalogue import list_features as list_features
from .api.catalogue import list_models as list_models
from .api.catalogue import list_protocols as list_protocols
from .api.doctor import doctor as doctor
from .corpora.ravdess import EMOTIONS as EMOTIONS
from .errors import SerkitError as SerkitError
from .experiments.listening.hold import Listened as Listened
from .experiments.listening.session import Command as Command
from .experiments.listening.session import Question as Question
from .experiments.progress import Progress as Progress
from .ingest.metadata import Labelling as Labelling
from .prediction.predictions import Predictions as Predictions
from .prediction.predictor import Predictor as Predictor
from .prediction.timeline import Timelines as Timelines
from .reports.card import ModelCard as ModelCard
from .reports.exploration.report import Exploration as Exploration
from .reports.inversion.clip import Inversion as Inversion
from .reports.inversion.losses import Losses as Losses
from .reports.overview.report import Report as Report
from .results.analysis.errors import ErrorAnalysis as ErrorAnalysis
from .results.analysis.pair import RunComparison as RunComparison
from .results.board import Board as Board
from .results.run import Run as Run
from .store.options import ReadOptions as ReadOptions
from .store.store import Batch as Batch
from .store.store import FeatureStore as FeatureStore

__version__: str
