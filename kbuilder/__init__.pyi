"""Types of the public names; `make schema` writes them from the schema classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from kbuilder.architectures.alexnet import AlexNet as _AlexNet
from kbuilder.architectures.cnn import CNN as _CNN
from kbuilder.architectures.dlinear import DLinear as _DLinear
from kbuilder.architectures.fasttext import FastText as _FastText
from kbuilder.architectures.frames import Frames as _Frames
from kbuilder.architectures.ft_transformer import FTTransformer as _FTTransformer
from kbuilder.architectures.googlenet import GoogLeNet as _GoogLeNet
from kbuilder.architectures.gru import GRU as _GRU
from kbuilder.architectures.keras_layer import KerasLayer as _KerasLayer
from kbuilder.architectures.lenet5 import LeNet5 as _LeNet5
from kbuilder.architectures.linear import Linear as _Linear
from kbuilder.architectures.lstm import LSTM as _LSTM
from kbuilder.architectures.mlp import MLP as _MLP
from kbuilder.architectures.nhits import NHiTS as _NHiTS
from kbuilder.architectures.nlinear import NLinear as _NLinear
from kbuilder.architectures.pretrained import Pretrained as _Pretrained
from kbuilder.architectures.resnet18 import ResNet18 as _ResNet18
from kbuilder.architectures.resnet20 import ResNet20 as _ResNet20
from kbuilder.architectures.resnet32 import ResNet32 as _ResNet32
from kbuilder.architectures.resnet34 import ResNet34 as _ResNet34
from kbuilder.architectures.resnet44 import ResNet44 as _ResNet44
from kbuilder.architectures.resnet50 import ResNet50 as _ResNet50
from kbuilder.architectures.resnet56 import ResNet56 as _ResNet56
from kbuilder.architectures.resnet101 import ResNet101 as _ResNet101
from kbuilder.architectures.resnet110 import ResNet110 as _ResNet110
from kbuilder.architectures.resnet152 import ResNet152 as _ResNet152
from kbuilder.architectures.rnn import RNN as _RNN
from kbuilder.architectures.sequential import Sequential as _Sequential
from kbuilder.architectures.tcn import TCN as _TCN
from kbuilder.architectures.text_cnn import TextCNN as _TextCNN
from kbuilder.architectures.transformer import Transformer as _Transformer
from kbuilder.architectures.tsmixer import TSMixer as _TSMixer
from kbuilder.architectures.vgg11 import VGG11 as _VGG11
from kbuilder.architectures.vgg13 import VGG13 as _VGG13
from kbuilder.architectures.vgg16 import VGG16 as _VGG16
from kbuilder.architectures.vgg19 import VGG19 as _VGG19
from kbuilder.architectures.wide_deep import WideDeep as _WideDeep
from kbuilder.augmentations.brightness import Brightness as _Brightness
from kbuilder.augmentations.contrast import Contrast as _Contrast
from kbuilder.augmentations.crop import Crop as _Crop
from kbuilder.augmentations.cutout import Cutout as _Cutout
from kbuilder.augmentations.flip import Flip as _Flip
from kbuilder.augmentations.rotation import Rotation as _Rotation
from kbuilder.augmentations.shift import Shift as _Shift
from kbuilder.augmentations.zoom import Zoom as _Zoom
from kbuilder.blocks.branches import Branches as _Branches
from kbuilder.blocks.inception import Inception as _Inception
from kbuilder.blocks.maxout import Maxout as _Maxout
from kbuilder.blocks.multi_head_attention import MultiHeadAttention as _MultiHeadAttention
from kbuilder.blocks.repeat import Repeat as _Repeat
from kbuilder.blocks.residual import Residual as _Residual
from kbuilder.building.alone import build as build
from kbuilder.catalog import plugins as plugins
from kbuilder.contracts import Choice as Choice
from kbuilder.data.dataset import Dataset as Dataset
from kbuilder.errors import KBuilderError as KBuilderError
from kbuilder.features.array import Array as _Array
from kbuilder.features.category import Category as _Category
from kbuilder.features.datetime import Datetime as _Datetime
from kbuilder.features.image import Image as _Image
from kbuilder.features.number import Number as _Number
from kbuilder.features.set import Set as _Set
from kbuilder.features.text import Text as _Text
from kbuilder.features.tokens import Tokens as _Tokens
from kbuilder.features.video import Video as _Video
from kbuilder.pipeline import fit as fit
from kbuilder.pipeline import prepare as prepare
from kbuilder.pipeline import resume as resume
from kbuilder.recipe.reading import read as read
from kbuilder.recipe.recipe import Recipe as _Recipe
from kbuilder.recipe.training import Checkpoints as _Checkpoints
from kbuilder.recipe.training import EarlyStopping as _EarlyStopping
from kbuilder.recipe.training import Plan as _Plan
from kbuilder.recipe.training import Training as _Training
from kbuilder.run import Run as Run
from kbuilder.run import load as load
from kbuilder.schedules.constant import Constant as _Constant
from kbuilder.schedules.cosine import Cosine as _Cosine
from kbuilder.schedules.exponential import Exponential as _Exponential
from kbuilder.schedules.inverse_time import InverseTime as _InverseTime
from kbuilder.schedules.one_cycle import OneCycle as _OneCycle
from kbuilder.schedules.plateau import Plateau as _Plateau
from kbuilder.schedules.polynomial import Polynomial as _Polynomial
from kbuilder.schedules.step import Step as _Step
from kbuilder.sources.array_folder import ArrayFolder as _ArrayFolder
from kbuilder.sources.arrays import Arrays as _Arrays
from kbuilder.sources.csv import CSV as _CSV
from kbuilder.sources.frame import Frame as _Frame
from kbuilder.sources.image_folder import ImageFolder as _ImageFolder
from kbuilder.sources.sklearn import Sklearn as _Sklearn
from kbuilder.sources.sql import SQL as _SQL
from kbuilder.sources.text_folder import TextFolder as _TextFolder
from kbuilder.sources.video_folder import VideoFolder as _VideoFolder
from kbuilder.spec import Spec as _Spec
from kbuilder.splits.column import Column as _Column
from kbuilder.splits.group import Group as _Group
from kbuilder.splits.random import Random as _Random
from kbuilder.splits.time import Time as _Time
from kbuilder.tasks.binary import Binary as _Binary
from kbuilder.tasks.forecasting import Forecasting as _Forecasting
from kbuilder.tasks.multiclass import Multiclass as _Multiclass
from kbuilder.tasks.multilabel import Multilabel as _Multilabel
from kbuilder.tasks.regression import Regression as _Regression
from kbuilder.trials import compare as compare

__version__: str

class AlexNet(_AlexNet):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        groups: Literal[1, 2] = ...,
        local_response_normalization: bool = ...,
        units: int | Sequence[int] = ...,
        dropout: float = ...,
    ) -> None: ...

class Array(_Array):
    def __init__(
        self,
        *,
        columns: str | Sequence[str] = ...,
        masking: float | Literal["missing", "none"] | None = ...,
        length: int | None = ...,
        rescale: Literal["standard", "together", "none"] = ...,
        mean: float | Sequence[float] | None = ...,
        scale: float | Sequence[float] | None = ...,
        shape: int | Sequence[int] | None = ...,
        data_format: Literal["channels_first", "channels_last"] | None = ...,
        raw_shape: int | Sequence[int] | None = ...,
        indicator: bool | None = ...,
        bounds: Sequence[Any] | None = ...,
        members: str | Sequence[str] = ...,
        dtype: Literal["float32", "float64"] | None = ...,
    ) -> None: ...

class ArrayFolder(_ArrayFolder):
    def __init__(
        self,
        *,
        path: str | Path,
        validation_path: str | Path | None = ...,
        test_path: str | Path | None = ...,
        classes: str | float | Sequence[str | float] | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        target: str | Sequence[str] = ...,
        ignore: str | Sequence[str] = ...,
        origin: str | None = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Arrays(_Arrays):
    def __init__(
        self,
        *,
        path: str | Path,
        columns: Mapping[str, Any],
        test_columns: Mapping[str, Any] | None = ...,
        target: str | Sequence[str],
        ignore: str | Sequence[str] = ...,
        weight: str | None = ...,
        origin: str | None = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Binary(_Binary):
    def __init__(
        self,
        *,
        positive: str | int | None = ...,
        classes: int | Sequence[str | int] | None = ...,
        threshold: float | _Spec | str | Mapping[str, Any] = ...,
        calibrate: Literal["auto"] | bool = ...,
        loss: str = ...,
        label_smoothing: float = ...,
        gamma: float | None = ...,
        alpha: float | None = ...,
        loss_weight: float = ...,
    ) -> None: ...

class Branches(_Branches):
    def __init__(
        self,
        *,
        layers: Sequence[Sequence[_Spec | str | Mapping[str, Any]]],
        merge: Literal["concatenate", "add", "multiply", "average", "maximum"] = ...,
    ) -> None: ...

class Brightness(_Brightness):
    def __init__(
        self,
        *,
        factor: float = ...,
    ) -> None: ...

class CNN(_CNN):
    def __init__(
        self,
        *,
        filters: int | Sequence[int] = ...,
        kernel_size: int = ...,
        dilation_rate: int = ...,
        separable: bool = ...,
        activation: Literal[
            "relu",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "swish",
            "tanh",
            "sigmoid",
            "softplus",
            "softsign",
            "mish",
            "relu6",
            "hard_sigmoid",
            "hard_swish",
            "linear",
            "maxout",
        ]
        | Mapping[str, Any] = ...,
        normalization: Literal["none", "batch", "layer", "group"] = ...,
        pooling: Literal["max", "average", "none"] = ...,
        pool_size: int = ...,
        reduce: Literal["flatten", "max", "average"] | None = ...,
        units: int | Sequence[int] = ...,
        embedding: int = ...,
        input_dropout: float = ...,
        spatial_dropout: float = ...,
        dropout: float = ...,
        kernel_initializer: Literal[
            "glorot_uniform",
            "glorot_normal",
            "he_uniform",
            "he_normal",
            "lecun_uniform",
            "lecun_normal",
            "orthogonal",
            "random_normal",
            "random_uniform",
            "truncated_normal",
            "variance_scaling",
        ] = ...,
        l2: float = ...,
    ) -> None: ...

class CSV(_CSV):
    def __init__(
        self,
        *,
        path: str | Path | Sequence[str | Path],
        validation_path: str | Path | Sequence[str | Path] | None = ...,
        test_path: str | Path | Sequence[str | Path] | None = ...,
        target: str | Sequence[str],
        ignore: str | Sequence[str] = ...,
        weight: str | None = ...,
        time: str | None = ...,
        series: str | None = ...,
        delimiter: str | None = ...,
        encoding: str | None = ...,
        quoting: Literal["standard", "none"] | None = ...,
        decimal: Literal[".", ","] | None = ...,
        thousands: Literal[",", ".", "'", " ", "_"] | None = ...,
        columns: str | Sequence[str] = ...,
        header: bool = ...,
        skip: int = ...,
        comment: str | None = ...,
        sheet: str | int | None = ...,
        missing: str | float | Sequence[str | float] | None = ...,
        origin: str | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Category(_Category):
    def __init__(
        self,
        *,
        vocabulary: Sequence[str | int] | None = ...,
        rare_below: int = ...,
        embedding: int | None = ...,
        hash: int | None = ...,
        whole: bool | None = ...,
    ) -> None: ...

class Checkpoints(_Checkpoints):
    def __init__(
        self,
        *,
        every_minutes: float = ...,
        keep: int = ...,
    ) -> None: ...

class Column(_Column):
    def __init__(
        self,
        *,
        validation: float | None = ...,
        test: float | None = ...,
        folds: _Spec | str | Mapping[str, Any] | int | None = ...,
        seed: int = ...,
        column: str,
        names: Mapping[str, Any] = ...,
    ) -> None: ...

class Constant(_Constant):
    def __init__(
        self,
        *,
        warm_up: float = ...,
    ) -> None: ...

class Contrast(_Contrast):
    def __init__(
        self,
        *,
        factor: float = ...,
    ) -> None: ...

class Cosine(_Cosine):
    def __init__(
        self,
        *,
        warm_up: float = ...,
        alpha: float = ...,
        restarts: int = ...,
    ) -> None: ...

class Crop(_Crop):
    def __init__(
        self,
        *,
        padding: int = ...,
        fill_mode: Literal["constant", "nearest", "reflect"] = ...,
    ) -> None: ...

class Cutout(_Cutout):
    def __init__(
        self,
        *,
        size: int = ...,
    ) -> None: ...

class DLinear(_DLinear):
    def __init__(
        self,
        *,
        kernel_size: int = ...,
    ) -> None: ...

class Datetime(_Datetime):
    def __init__(
        self,
        *,
        format: Literal[
            "ymd",
            "dmy",
            "mdy",
            "compact",
            "time",
            "ym",
            "my",
            "unix",
            "unix_ms",
            "unix_us",
            "unix_ns",
        ]
        | None = ...,
        parts: str | Sequence[str] | None = ...,
        mean: float | None = ...,
        scale: float | None = ...,
        indicator: bool | None = ...,
    ) -> None: ...

class EarlyStopping(_EarlyStopping):
    def __init__(
        self,
        *,
        patience: int | None = ...,
        min_delta: float = ...,
    ) -> None: ...

class Exponential(_Exponential):
    def __init__(
        self,
        *,
        warm_up: float = ...,
        decay_rate: float = ...,
    ) -> None: ...

class FTTransformer(_FTTransformer):
    def __init__(
        self,
        *,
        units: int = ...,
        blocks: int = ...,
        heads: int = ...,
        feed_forward: int = ...,
        activation: Literal["reglu", "gelu", "relu"] = ...,
        dropout: float = ...,
        attention_dropout: float = ...,
    ) -> None: ...

class FastText(_FastText):
    def __init__(
        self,
        *,
        embedding: int | None = ...,
        ngrams: int | None = ...,
        ngram_embedding: int = ...,
        buckets: int = ...,
        dropout: float | None = ...,
    ) -> None: ...

class Flip(_Flip):
    def __init__(
        self,
        *,
        direction: Literal["horizontal", "vertical", "both"] = ...,
    ) -> None: ...

class Forecasting(_Forecasting):
    def __init__(
        self,
        *,
        horizon: int = ...,
        window: int | None = ...,
        gap: int = ...,
        stride: int | None = ...,
        known: str | Sequence[str] = ...,
        period: int | None = ...,
        frequency: str | None = ...,
        backtest: _Spec | str | Mapping[str, Any] | int | None = ...,
        gaps: Literal["error", "previous"] = ...,
        rescale: Literal["season", "mean", "last", "none"] = ...,
        quantiles: float | Sequence[float] = ...,
        mean: float | Sequence[float] | None = ...,
        scale: float | Sequence[float] | None = ...,
        naive_errors: Mapping[str, Any] | None = ...,
        season_shares: float | Sequence[float] | None = ...,
        naive_quantiles: float | Sequence[float] | None = ...,
        penalty: float | None = ...,
        loss: str = ...,
        loss_weight: float = ...,
    ) -> None: ...

class Frame(_Frame):
    def __init__(
        self,
        *,
        frame: Any = ...,
        test_frame: Any = ...,
        target: str | Sequence[str],
        ignore: str | Sequence[str] = ...,
        weight: str | None = ...,
        time: str | None = ...,
        series: str | None = ...,
        missing: str | float | Sequence[str | float] | None = ...,
        decimal: Literal[".", ","] | None = ...,
        thousands: Literal[",", ".", "'", " ", "_"] | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Frames(_Frames):
    def __init__(
        self,
        *,
        image: Callable[[Any], Any] | _Spec | str | Mapping[str, Any] | None = ...,
        sequence: Callable[[Any], Any] | _Spec | str | Mapping[str, Any] | None = ...,
    ) -> None: ...

class GRU(_GRU):
    def __init__(
        self,
        *,
        units: int | Sequence[int] = ...,
        bidirectional: bool = ...,
        embedding: int = ...,
        input_dropout: float = ...,
        dropout: float = ...,
        recurrent_dropout: float = ...,
        normalization: Literal["none", "layer"] = ...,
        pooling: Literal["last", "average", "max", "attention"] = ...,
    ) -> None: ...

class GoogLeNet(_GoogLeNet):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        auxiliary: bool = ...,
        batch_normalization: bool = ...,
        dropout: float = ...,
    ) -> None: ...

class Group(_Group):
    def __init__(
        self,
        *,
        validation: float = ...,
        test: float | None = ...,
        folds: _Spec | str | Mapping[str, Any] | int | None = ...,
        seed: int = ...,
        column: str,
    ) -> None: ...

class Image(_Image):
    def __init__(
        self,
        *,
        columns: str | Sequence[str] = ...,
        height: int | None = ...,
        width: int | None = ...,
        channels: Literal[1, 3, 4] | None = ...,
        background: str = ...,
        scale: float | None = ...,
        shape: int | Sequence[int] | None = ...,
        root: str | None = ...,
        ending: str | None = ...,
        augment: Sequence[
            Literal["brightness", "contrast", "crop", "cutout", "flip", "rotation", "shift", "zoom"]
            | Mapping[str, Any]
        ] = ...,
        data_format: Literal["channels_first", "channels_last"] | None = ...,
        pixels: int | Sequence[int] | None = ...,
        members: str | Sequence[str] = ...,
        dtype: Literal["uint8", "float32"] | None = ...,
    ) -> None: ...

class ImageFolder(_ImageFolder):
    def __init__(
        self,
        *,
        path: str | Path,
        validation_path: str | Path | None = ...,
        test_path: str | Path | None = ...,
        classes: str | float | Sequence[str | float] | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        target: str | Sequence[str] = ...,
        ignore: str | Sequence[str] = ...,
        origin: str | None = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Inception(_Inception):
    def __init__(
        self,
        *,
        conv1: int,
        conv3: Sequence[int],
        conv5: Sequence[int],
        pool: int,
        activation: Literal[
            "celu",
            "elu",
            "exponential",
            "gelu",
            "hard_shrink",
            "hard_sigmoid",
            "hard_silu",
            "hard_swish",
            "hard_tanh",
            "leaky_relu",
            "linear",
            "log_sigmoid",
            "log_softmax",
            "mish",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "soft_shrink",
            "softmax",
            "softplus",
            "softsign",
            "sparse_plus",
            "sparse_sigmoid",
            "sparsemax",
            "squareplus",
            "swish",
            "tanh",
            "tanh_shrink",
        ]
        | Mapping[str, Any] = ...,
        normalization: Literal["none", "batch", "layer", "group"] = ...,
        kernel_initializer: Literal[
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
            "identity",
            "lecun_normal",
            "lecun_uniform",
            "normal",
            "orthogonal",
            "random_normal",
            "random_uniform",
            "truncated_normal",
            "uniform",
            "variance_scaling",
        ] = ...,
        kernel_regularizer: Literal["l1", "l2", "orthogonal_regularizer"]
        | Mapping[str, Any]
        | None = ...,
    ) -> None: ...

class InverseTime(_InverseTime):
    def __init__(
        self,
        *,
        warm_up: float = ...,
        decay_rate: float = ...,
        staircase: bool = ...,
    ) -> None: ...

class KerasLayer(_KerasLayer):
    def __init__(
        self,
        *,
        config: Mapping[str, Any],
    ) -> None: ...

class LSTM(_LSTM):
    def __init__(
        self,
        *,
        units: int | Sequence[int] = ...,
        bidirectional: bool = ...,
        embedding: int = ...,
        input_dropout: float = ...,
        dropout: float = ...,
        recurrent_dropout: float = ...,
        normalization: Literal["none", "layer"] = ...,
        pooling: Literal["last", "average", "max", "attention"] = ...,
    ) -> None: ...

class LeNet5(_LeNet5):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        version: Literal["modern", 1998] = ...,
        activation: Literal["tanh", "relu"] = ...,
        pooling: Literal["average", "max"] = ...,
        dropout: float = ...,
    ) -> None: ...

class Linear(_Linear):
    def __init__(
        self,
        *,
        crosses: Sequence[Sequence[str]] = ...,
    ) -> None: ...

class MLP(_MLP):
    def __init__(
        self,
        *,
        crosses: Sequence[Sequence[str]] = ...,
        pieces: bool | None = ...,
        units: int | Sequence[int] = ...,
        activation: Literal[
            "relu",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "swish",
            "tanh",
            "sigmoid",
            "softplus",
            "softsign",
            "mish",
            "relu6",
            "hard_sigmoid",
            "hard_swish",
            "linear",
            "maxout",
        ]
        | Mapping[str, Any] = ...,
        normalization: Literal["none", "batch", "layer", "group"] = ...,
        residual: bool = ...,
        dropout: float = ...,
        kernel_initializer: Literal[
            "glorot_uniform",
            "glorot_normal",
            "he_uniform",
            "he_normal",
            "lecun_uniform",
            "lecun_normal",
            "orthogonal",
            "random_normal",
            "random_uniform",
            "truncated_normal",
            "variance_scaling",
        ] = ...,
        l2: float = ...,
    ) -> None: ...

class Maxout(_Maxout):
    def __init__(
        self,
        *,
        units: int,
        pieces: int = ...,
        kernel_initializer: Literal[
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
            "identity",
            "lecun_normal",
            "lecun_uniform",
            "normal",
            "orthogonal",
            "random_normal",
            "random_uniform",
            "truncated_normal",
            "uniform",
            "variance_scaling",
        ] = ...,
        kernel_regularizer: Literal["l1", "l2", "orthogonal_regularizer"]
        | Mapping[str, Any]
        | None = ...,
    ) -> None: ...

class MultiHeadAttention(_MultiHeadAttention):
    def __init__(
        self,
        *,
        num_heads: int,
        key_dim: int,
        dropout: float = ...,
    ) -> None: ...

class Multiclass(_Multiclass):
    def __init__(
        self,
        *,
        classes: int | Sequence[str | int] | None = ...,
        calibrate: Literal["auto"] | bool = ...,
        loss: str = ...,
        label_smoothing: float = ...,
        gamma: float | None = ...,
        loss_weight: float = ...,
    ) -> None: ...

class Multilabel(_Multilabel):
    def __init__(
        self,
        *,
        classes: int | Sequence[str | int] | None = ...,
        separator: str | None = ...,
        threshold: float | _Spec | str | Mapping[str, Any] = ...,
        calibrate: Literal["auto"] | bool = ...,
        loss: str = ...,
        label_smoothing: float = ...,
        gamma: float | None = ...,
        alpha: float | None = ...,
        loss_weight: float = ...,
    ) -> None: ...

class NHiTS(_NHiTS):
    def __init__(
        self,
        *,
        pool_sizes: int | Sequence[int] = ...,
        units: int = ...,
        depth: int = ...,
        dropout: float = ...,
    ) -> None: ...

class NLinear(_NLinear):
    def __init__(self) -> None: ...

class Number(_Number):
    def __init__(
        self,
        *,
        rescale: Literal["standard", "robust"] = ...,
        mean: float | None = ...,
        scale: float | None = ...,
        indicator: bool | None = ...,
        bounds: float | Sequence[float] | None = ...,
        knots: float | Sequence[float] | None = ...,
        dtype: Literal["float32", "float64"] | None = ...,
        bins: int | Sequence[float] | None = ...,
        edges: float | Sequence[float] | None = ...,
        embedding: int | None = ...,
    ) -> None: ...

class OneCycle(_OneCycle):
    def __init__(
        self,
        *,
        warm_up: float | None = ...,
        start: float = ...,
        alpha: float = ...,
    ) -> None: ...

class Plan(_Plan):
    def __init__(
        self,
        *,
        jit: bool | None = ...,
        steps_per_execution: int | None = ...,
    ) -> None: ...

class Plateau(_Plateau):
    def __init__(
        self,
        *,
        warm_up: float = ...,
        factor: float = ...,
        patience: int = ...,
        min_delta: float = ...,
        min_lr: float = ...,
    ) -> None: ...

class Polynomial(_Polynomial):
    def __init__(
        self,
        *,
        warm_up: float = ...,
        power: float = ...,
    ) -> None: ...

class Pretrained(_Pretrained):
    def __init__(
        self,
        *,
        network: Literal[
            "ConvNeXtBase",
            "ConvNeXtLarge",
            "ConvNeXtSmall",
            "ConvNeXtTiny",
            "ConvNeXtXLarge",
            "DenseNet121",
            "DenseNet169",
            "DenseNet201",
            "EfficientNetB0",
            "EfficientNetB1",
            "EfficientNetB2",
            "EfficientNetB3",
            "EfficientNetB4",
            "EfficientNetB5",
            "EfficientNetB6",
            "EfficientNetB7",
            "EfficientNetV2B0",
            "EfficientNetV2B1",
            "EfficientNetV2B2",
            "EfficientNetV2B3",
            "EfficientNetV2L",
            "EfficientNetV2M",
            "EfficientNetV2S",
            "InceptionResNetV2",
            "InceptionV3",
            "MobileNet",
            "MobileNetV2",
            "MobileNetV3Large",
            "MobileNetV3Small",
            "NASNetLarge",
            "NASNetMobile",
            "ResNet101",
            "ResNet101V2",
            "ResNet152",
            "ResNet152V2",
            "ResNet50",
            "ResNet50V2",
            "VGG16",
            "VGG19",
            "Xception",
        ] = ...,
        weights: Literal["imagenet", "none"] | str | Path = ...,
        freeze: bool | None = ...,
        fine_tune: _Spec | str | Mapping[str, Any] | None = ...,
        pooling: Literal["average", "max"] = ...,
        dropout: float = ...,
    ) -> None: ...

class RNN(_RNN):
    def __init__(
        self,
        *,
        units: int | Sequence[int] = ...,
        bidirectional: bool = ...,
        embedding: int = ...,
        input_dropout: float = ...,
        dropout: float = ...,
        recurrent_dropout: float = ...,
        normalization: Literal["none", "layer"] = ...,
        pooling: Literal["last", "average", "max", "attention"] = ...,
    ) -> None: ...

class Random(_Random):
    def __init__(
        self,
        *,
        validation: float = ...,
        test: float | None = ...,
        folds: _Spec | str | Mapping[str, Any] | int | None = ...,
        seed: int = ...,
    ) -> None: ...

class Recipe(_Recipe):
    def __init__(
        self,
        *,
        data: _Spec | str | Mapping[str, Any],
        features: Mapping[str, Any] = ...,
        task: _Spec | str | Mapping[str, Any] | None = ...,
        model: Callable[[Any], Any] | _Spec | str | Mapping[str, Any] | None = ...,
        training: _Spec | str | Mapping[str, Any] = ...,
        ensemble: int = ...,
    ) -> None: ...

class Regression(_Regression):
    def __init__(
        self,
        *,
        outputs: int | None = ...,
        transform: Literal["none", "log"] = ...,
        mean: float | Sequence[float] | None = ...,
        scale: float | Sequence[float] | None = ...,
        loss: str = ...,
        loss_weight: float = ...,
    ) -> None: ...

class Repeat(_Repeat):
    def __init__(
        self,
        *,
        times: int,
        layers: Sequence[_Spec | str | Mapping[str, Any]],
    ) -> None: ...

class ResNet101(_ResNet101):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet110(_ResNet110):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet152(_ResNet152):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet18(_ResNet18):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet20(_ResNet20):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet32(_ResNet32):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet34(_ResNet34):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet44(_ResNet44):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet50(_ResNet50):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class ResNet56(_ResNet56):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
    ) -> None: ...

class Residual(_Residual):
    def __init__(
        self,
        *,
        filters: int | None = ...,
        kernel_size: int | None = ...,
        strides: int | None = ...,
        layers: Sequence[_Spec | str | Mapping[str, Any]] | str | None = ...,
        activation: Literal[
            "celu",
            "elu",
            "exponential",
            "gelu",
            "hard_shrink",
            "hard_sigmoid",
            "hard_silu",
            "hard_swish",
            "hard_tanh",
            "leaky_relu",
            "linear",
            "log_sigmoid",
            "log_softmax",
            "mish",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "soft_shrink",
            "softmax",
            "softplus",
            "softsign",
            "sparse_plus",
            "sparse_sigmoid",
            "sparsemax",
            "squareplus",
            "swish",
            "tanh",
            "tanh_shrink",
        ]
        | Mapping[str, Any]
        | None = ...,
        normalization: Literal["none", "batch", "layer", "group"] | None = ...,
        kernel_initializer: Literal[
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
            "identity",
            "lecun_normal",
            "lecun_uniform",
            "normal",
            "orthogonal",
            "random_normal",
            "random_uniform",
            "truncated_normal",
            "uniform",
            "variance_scaling",
        ] = ...,
        kernel_regularizer: Literal["l1", "l2", "orthogonal_regularizer"]
        | Mapping[str, Any]
        | None = ...,
    ) -> None: ...

class Rotation(_Rotation):
    def __init__(
        self,
        *,
        degrees: float = ...,
        fill_mode: Literal["constant", "nearest", "reflect"] = ...,
    ) -> None: ...

class SQL(_SQL):
    def __init__(
        self,
        *,
        sql: _Spec | str | Mapping[str, Any],
        target: str | Sequence[str],
        ignore: str | Sequence[str] = ...,
        weight: str | None = ...,
        time: str | None = ...,
        series: str | None = ...,
        missing: str | float | Sequence[str | float] | None = ...,
        decimal: Literal[".", ","] | None = ...,
        thousands: Literal[",", ".", "'", " ", "_"] | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Sequential(_Sequential):
    def __init__(
        self,
        *,
        layers: Sequence[_Spec | str | Mapping[str, Any]],
    ) -> None: ...

class Set(_Set):
    def __init__(
        self,
        *,
        vocabulary: str | float | Sequence[str | float] | None = ...,
        separator: str | None = ...,
        rare_below: int = ...,
        max_labels: int = ...,
        unknown: bool | None = ...,
        indicator: bool | None = ...,
        empty_is_missing: bool | None = ...,
    ) -> None: ...

class Shift(_Shift):
    def __init__(
        self,
        *,
        height: float = ...,
        width: float | None = ...,
        fill_mode: Literal["constant", "nearest", "reflect"] = ...,
    ) -> None: ...

class Sklearn(_Sklearn):
    def __init__(
        self,
        *,
        name: Literal["digits", "iris", "wine", "breast_cancer", "diabetes"],
        target: str | Sequence[str] = ...,
        ignore: str | Sequence[str] = ...,
        weight: str | None = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
    ) -> None: ...

class Step(_Step):
    def __init__(
        self,
        *,
        warm_up: float = ...,
        drop: float = ...,
        every: int | None = ...,
        at: int | Sequence[int] | None = ...,
    ) -> None: ...

class TCN(_TCN):
    def __init__(
        self,
        *,
        filters: int = ...,
        kernel_size: int = ...,
        dilations: int | Sequence[int] | None = ...,
        embedding: int = ...,
        input_dropout: float = ...,
        dropout: float = ...,
        pooling: Literal["last", "average", "max", "attention"] = ...,
    ) -> None: ...

class TSMixer(_TSMixer):
    def __init__(
        self,
        *,
        blocks: int = ...,
        units: int = ...,
        dropout: float = ...,
    ) -> None: ...

class Text(_Text):
    def __init__(
        self,
        *,
        output_mode: Literal["int", "multi_hot", "count", "tf_idf"] = ...,
        ngrams: int = ...,
        subwords: int | Sequence[int] | None = ...,
        max_tokens: int | None = ...,
        length: int | None = ...,
        vocabulary: str | Sequence[str] | None = ...,
        idf_weights: float | Sequence[float] | None = ...,
    ) -> None: ...

class TextCNN(_TextCNN):
    def __init__(
        self,
        *,
        filters: int = ...,
        kernel_size: int | Sequence[int] = ...,
        embedding: int = ...,
        input_dropout: float = ...,
        dropout: float = ...,
    ) -> None: ...

class TextFolder(_TextFolder):
    def __init__(
        self,
        *,
        path: str | Path,
        validation_path: str | Path | None = ...,
        test_path: str | Path | None = ...,
        classes: str | float | Sequence[str | float] | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        target: str | Sequence[str] = ...,
        ignore: str | Sequence[str] = ...,
        origin: str | None = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
        encoding: str | None = ...,
    ) -> None: ...

class Time(_Time):
    def __init__(
        self,
        *,
        validation: float = ...,
        test: float | None = ...,
        folds: _Spec | str | Mapping[str, Any] | int | None = ...,
        seed: int = ...,
        column: str | None = ...,
        gap: int = ...,
        format: Literal["ymd", "dmy", "mdy", "compact", "time", "ym", "my"] | None = ...,
        group: str | None = ...,
    ) -> None: ...

class Tokens(_Tokens):
    def __init__(
        self,
        *,
        masking: int | Literal["missing"] | None = ...,
        length: int | None = ...,
        max_tokens: int | None = ...,
        vocabulary: Sequence[int] | None = ...,
    ) -> None: ...

class Training(_Training):
    def __init__(
        self,
        *,
        epochs: int | None = ...,
        batch_size: int | Literal["auto"] | None = ...,
        order: Literal["auto", "rows", "blocks"] = ...,
        optimizer: _Spec | str | Mapping[str, Any] = ...,
        schedule: _Spec | str | Mapping[str, Any] | None = ...,
        early_stopping: _Spec | str | Mapping[str, Any] | None = ...,
        checkpoints: _Spec | str | Mapping[str, Any] | None = ...,
        tensorboard: bool = ...,
        plan: _Spec | str | Mapping[str, Any] = ...,
        precision: Literal["float32", "bfloat16"] = ...,
        strategy: Literal["auto", "none", "mirrored", "multi_worker"] = ...,
        sync_batchnorm: bool = ...,
        wait_minutes: float = ...,
        balance: Literal["none", "auto"] | Mapping[str, Any] = ...,
        baselines: Literal["auto", "none"] | Sequence[Literal["linear", "boosting"]] = ...,
        seed: int = ...,
    ) -> None: ...

class Transformer(_Transformer):
    def __init__(
        self,
        *,
        units: int = ...,
        blocks: int = ...,
        heads: int = ...,
        feed_forward: int = ...,
        activation: Literal["relu", "gelu"] = ...,
        dropout: float = ...,
        attention_dropout: float = ...,
        positions: Literal["learned", "sinusoidal", "none"] = ...,
        pooling: Literal["average", "max", "attention", "token"] = ...,
    ) -> None: ...

class VGG11(_VGG11):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        batch_normalization: bool = ...,
        units: int | Sequence[int] = ...,
        dropout: float = ...,
    ) -> None: ...

class VGG13(_VGG13):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        batch_normalization: bool = ...,
        units: int | Sequence[int] = ...,
        dropout: float = ...,
    ) -> None: ...

class VGG16(_VGG16):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        batch_normalization: bool = ...,
        units: int | Sequence[int] = ...,
        dropout: float = ...,
    ) -> None: ...

class VGG19(_VGG19):
    def __init__(
        self,
        *,
        stem: Literal["auto", "paper", "small"] = ...,
        batch_normalization: bool = ...,
        units: int | Sequence[int] = ...,
        dropout: float = ...,
    ) -> None: ...

class Video(_Video):
    def __init__(
        self,
        *,
        frames: int | None = ...,
        masking: float | Literal["missing", "none"] | None = ...,
        height: int | None = ...,
        width: int | None = ...,
        channels: Literal[1, 3, 4] | None = ...,
        scale: float | None = ...,
        augment: Sequence[
            Literal["brightness", "contrast", "crop", "cutout", "flip", "rotation", "shift", "zoom"]
            | Mapping[str, Any]
        ] = ...,
        pixels: int | Sequence[int] | None = ...,
        dtype: Literal["uint8", "float32"] | None = ...,
    ) -> None: ...

class VideoFolder(_VideoFolder):
    def __init__(
        self,
        *,
        path: str | Path,
        validation_path: str | Path | None = ...,
        test_path: str | Path | None = ...,
        classes: str | float | Sequence[str | float] | None = ...,
        unreadable: Literal["error", "skip"] = ...,
        target: str | Sequence[str] = ...,
        ignore: str | Sequence[str] = ...,
        origin: str | None = ...,
        checks: Mapping[str, Any] = ...,
        split: _Spec | str | Mapping[str, Any] = ...,
        height: int | None = ...,
        width: int | None = ...,
        channels: Literal[1, 3] | None = ...,
    ) -> None: ...

class WideDeep(_WideDeep):
    def __init__(
        self,
        *,
        crosses: Sequence[Sequence[str]] = ...,
        pieces: bool | None = ...,
        units: int | Sequence[int] = ...,
        activation: Literal[
            "relu",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "swish",
            "tanh",
            "sigmoid",
            "softplus",
            "softsign",
            "mish",
            "relu6",
            "hard_sigmoid",
            "hard_swish",
            "linear",
            "maxout",
        ]
        | Mapping[str, Any] = ...,
        dropout: float = ...,
    ) -> None: ...

class Zoom(_Zoom):
    def __init__(
        self,
        *,
        factor: float = ...,
        fill_mode: Literal["constant", "nearest", "reflect"] = ...,
    ) -> None: ...
