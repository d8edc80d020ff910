"""Builders of generators and discriminators, one paper a file."""

from keras_gan.networks.acgan import auxiliary_discriminator as auxiliary_discriminator
from keras_gan.networks.conditional import (
    conditional_discriminator as conditional_discriminator,
)
from keras_gan.networks.conditional import (
    conditional_generator as conditional_generator,
)
from keras_gan.networks.dcgan import dcgan_discriminator as dcgan_discriminator
from keras_gan.networks.dcgan import dcgan_generator as dcgan_generator
from keras_gan.networks.face_aging import (
    face_aging_discriminator as face_aging_discriminator,
)
from keras_gan.networks.face_aging import face_aging_generator as face_aging_generator
from keras_gan.networks.face_aging import face_judge as face_judge
from keras_gan.networks.goodfellow import (
    convolutional_discriminator as convolutional_discriminator,
)
from keras_gan.networks.goodfellow import (
    deconvolutional_generator as deconvolutional_generator,
)
from keras_gan.networks.goodfellow import (
    fully_connected_discriminator as fully_connected_discriminator,
)
from keras_gan.networks.goodfellow import (
    fully_connected_generator as fully_connected_generator,
)
from keras_gan.networks.goodfellow import maxout_discriminator as maxout_discriminator
from keras_gan.networks.goodfellow import mlp_generator as mlp_generator
from keras_gan.networks.infogan import infogan_discriminator as infogan_discriminator
from keras_gan.networks.infogan import infogan_generator as infogan_generator
from keras_gan.networks.patchgan import patchgan_discriminator as patchgan_discriminator
from keras_gan.networks.resnet_generator import resnet_generator as resnet_generator
from keras_gan.networks.series import series_discriminator as series_discriminator
from keras_gan.networks.series import series_generator as series_generator
from keras_gan.networks.tabular import tabular_discriminator as tabular_discriminator
from keras_gan.networks.tabular import tabular_generator as tabular_generator
from keras_gan.networks.text import embeddings_encoder as embeddings_encoder
from keras_gan.networks.text import text_discriminator as text_discriminator
from keras_gan.networks.text import text_encoder as text_encoder
from keras_gan.networks.text import text_generator as text_generator
from keras_gan.networks.unet import unet_generator as unet_generator
from keras_gan.networks.vector import vector_discriminator as vector_discriminator
from keras_gan.networks.vector import vector_generator as vector_generator
