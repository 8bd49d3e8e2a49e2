"""Pure rules of rural governance on the map: values in, values out."""
