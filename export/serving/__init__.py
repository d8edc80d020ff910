"""TensorFlow Serving: a pack to serve from, clients, and a server to try it on."""

from keras_gan.export.serving.clients import connect as connect
from keras_gan.export.serving.grpc_client import GRPCClient as GRPCClient
from keras_gan.export.serving.pack import export_serving as export_serving
from keras_gan.export.serving.preview import PreviewServer as PreviewServer
from keras_gan.export.serving.rest_client import RESTClient as RESTClient
from keras_gan.export.serving.serve import serve as serve
