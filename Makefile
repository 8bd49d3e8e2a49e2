# Shortcuts for the commands of the README.
.PHONY: run test setup
run setup test:
	python3 pipelines/bootstrap.py $@
