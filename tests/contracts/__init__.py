"""Contracts of the library's seams: checks that run on every implementation, here and in the browser.

They use the standard library and `sidflow_feedback` only, so that Pyodide can run the same files.
"""
