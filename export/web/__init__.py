"""A generator as a page that runs in the browser."""

from keras_gan.export.web.folder import export_web as export_web
