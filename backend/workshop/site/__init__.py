"""The tutorial site: what mkdocs cannot know by itself.

hooks: what mkdocs calls; navigation: the sections and their order; notebooks: executed notebooks as pages; links: from
a page to any file of the repository; sources: a page for each file that is linked to; picture: the chain, drawn.
`python -m workshop.site` builds it.
"""
