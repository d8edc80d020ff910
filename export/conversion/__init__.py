"""TFLite and ONNX files made by a child process, which may hang or crash."""

from keras_gan.export.conversion.client import convert as convert
from keras_gan.export.conversion.client import prestart as prestart
from keras_gan.export.conversion.task import Task as Task
