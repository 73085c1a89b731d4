"""The use cases, one function each, shared by the command line and notebooks.

Every function takes plain values, returns a frozen report and prints nothing. Missing settings come
from ``SERKIT_*`` and ``serkit.toml`` (see :mod:`serkit.settings`).
"""

from typing import TYPE_CHECKING

from serkit.api.beside import splits, submit
from serkit.api.catalogue import (
    describe_corpus,
    describe_feature,
    describe_model,
    list_corpora,
    list_features,
    list_models,
    list_protocols,
)
from serkit.api.corpora import check, download, synth
from serkit.api.doctor import doctor
from serkit.api.evaluating import evaluate
from serkit.api.exploring import eda, invert, losses
from serkit.api.exporting import export_onnx
from serkit.api.features import estimate, extract, preview
from serkit.api.listening import DEFAULT_ANSWERS, command, human, import_answers, player
from serkit.api.predicting import (
    decode_upload,
    listen,
    load,
    predict,
    predict_over_time,
    sound_picture,
    spooled,
    written,
)
from serkit.api.reporting import card, report
from serkit.api.results import (
    analyse,
    compare,
    compare_pair,
    figure,
    figures,
    learning,
    show,
    to_markdown,
)
from serkit.api.stores import (
    compare_audio,
    export,
    gc,
    ls,
    repair,
    store_path,
    verify,
    why,
)
from serkit.api.stressing import stress, stress_figure
from serkit.api.training import assist, curve, fit, process_count, train, tune
from serkit.ingest.metadata import Labelling

if TYPE_CHECKING:  # types for annotations only
    from serkit.audio import Audio as Audio
    from serkit.audio.playing import Player as Player
    from serkit.experiments.listening.session import Question as Question
    from serkit.experiments.listening.session import Reply as Reply
    from serkit.experiments.progress import Progress as Progress
    from serkit.extraction.compare_audio import AudioComparison as AudioComparison
    from serkit.extraction.estimate import Preview as Preview
    from serkit.extraction.extract import ExtractReport as ExtractReport
    from serkit.ingest.audit_report import AuditReport as AuditReport
    from serkit.prediction.live import Heard as Heard
    from serkit.prediction.picture import SoundPicture as SoundPicture
    from serkit.prediction.predictions import Predictions as Predictions
    from serkit.prediction.predictor import Predictor as Predictor
    from serkit.prediction.timeline import Timelines as Timelines
    from serkit.store.manifest import Failure as Failure
    from serkit.store.verify import VerifyReport as VerifyReport

__all__ = [
    "DEFAULT_ANSWERS",
    "Labelling",
    "analyse",
    "assist",
    "card",
    "check",
    "command",
    "compare",
    "compare_audio",
    "compare_pair",
    "curve",
    "decode_upload",
    "describe_corpus",
    "describe_feature",
    "describe_model",
    "doctor",
    "download",
    "eda",
    "estimate",
    "evaluate",
    "export",
    "export_onnx",
    "extract",
    "figure",
    "figures",
    "fit",
    "gc",
    "human",
    "import_answers",
    "invert",
    "learning",
    "list_corpora",
    "list_features",
    "list_models",
    "list_protocols",
    "listen",
    "load",
    "losses",
    "ls",
    "player",
    "predict",
    "predict_over_time",
    "preview",
    "process_count",
    "repair",
    "report",
    "show",
    "sound_picture",
    "splits",
    "spooled",
    "store_path",
    "stress",
    "stress_figure",
    "submit",
    "synth",
    "to_markdown",
    "train",
    "tune",
    "verify",
    "why",
    "written",
]
