"""What people see: one server with the pages, the maps and the printed sheets; drawing only."""
