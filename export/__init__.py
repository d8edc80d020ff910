"""Generators as SavedModel, TFLite and ONNX, each proven to draw the same pictures."""

from keras_gan.export.all_formats import export_all as export_all
from keras_gan.export.artefact import Artefact as Artefact
from keras_gan.export.artefact import load_artefact as load_artefact
from keras_gan.export.benchmark import benchmark as benchmark
from keras_gan.export.check import check as check
from keras_gan.export.errors import ExportError as ExportError
from keras_gan.export.errors import ParityError as ParityError
from keras_gan.export.errors import UnsupportedOpError as UnsupportedOpError
from keras_gan.export.errors import UntrustedError as UntrustedError
from keras_gan.export.faster import faster_generator as faster_generator
from keras_gan.export.modes import Limits as Limits
from keras_gan.export.onnx import export_onnx as export_onnx
from keras_gan.export.samplers import Integers as Integers
from keras_gan.export.samplers import Normal as Normal
from keras_gan.export.samplers import OneHot as OneHot
from keras_gan.export.samplers import Rows as Rows
from keras_gan.export.samplers import Uniform as Uniform
from keras_gan.export.saved_model import export_saved_model as export_saved_model
from keras_gan.export.serving import export_serving as export_serving
from keras_gan.export.spec import GeneratorInput as GeneratorInput
from keras_gan.export.spec import GeneratorOutput as GeneratorOutput
from keras_gan.export.spec import GeneratorSpec as GeneratorSpec
from keras_gan.export.stream import stream_frames as stream_frames
from keras_gan.export.texts import export_text_to_image as export_text_to_image
from keras_gan.export.tflite import export_tflite as export_tflite
from keras_gan.export.web import export_web as export_web
