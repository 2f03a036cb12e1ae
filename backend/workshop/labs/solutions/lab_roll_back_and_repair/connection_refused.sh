# `workshop status` shows where the database is.
workshop address deploy.env --port {port}
