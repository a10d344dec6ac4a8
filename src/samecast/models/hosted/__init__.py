"""What engines of hosted providers share: pictures on the wire, results fetched safely, answers kept, errors mapped.

Knows no provider. Each engine is a module of its own beside this package.
"""
