"""The commands of ``accreditation``, a module a noun."""
