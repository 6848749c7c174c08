"""Parts of the report page: pictures, drawings, templates. The way in is `ballistics.report`."""
