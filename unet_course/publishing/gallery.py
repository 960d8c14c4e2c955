"""The page of real runs' images: what trained networks drew, cut out of the chapters that show it."""

from . import chapters, pictures, recorded

PAGE = "book/gallery.md"
MARK = "<!-- the images of all real runs -->"  # stands in the page where they belong


def fill(text, shown):
    """The gallery page with every figure of scans that a real run drew.

    Parameters
    ----------
    text : str
        The page with `MARK`.
    shown : dict of str to NotebookNode
        Pages of chapters that show real runs, by the chapter's name.

    Returns
    -------
    text : str
        Markdown.
    files : dict of str to bytes
        The images, by their path in the staged book.
    """
    parts, files = [], {}
    for name, page in shown.items():
        title = chapters.heading("\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown"))
        parts.append(f"## {title}\n\n{{doc}}`The chapter <../notebooks/{name}>` says how they were made.")
        for figure, png in _scans(page):
            image = f"gallery/{figure['name']}.png"
            files[f"book/{image}"] = png
            width = f":width: {figure['width']}px\n" if "width" in figure else ""
            about = f":name: gallery-{figure['name']}\n{width}:alt: {figure['alt']}"
            parts.append(f"```{{figure}} {image}\n{about}\n\n{figure['caption']}\n```")
    return text.replace(MARK, "\n\n".join(parts) or "No real run is up to date."), files


def _scans(page):
    """Figures of a page that show images, not plots; of two frameworks' the first."""
    seen = set()
    for cell in page.cells:
        about = cell.metadata.get("mystnb", {})
        drawn = [png for png in pictures.drawn(cell) if not pictures.is_plot(png)]
        name = about.get("figure", {}).get("name", "").removesuffix("-keras").removesuffix("-torch")
        if drawn and name and name not in seen and recorded.CREDIT in about["figure"]["caption"]:
            seen.add(name)
            shown = next(output for output in cell.outputs if "image/png" in output.get("data", {}))
            size = shown.get("metadata", {}).get("image/png", {})
            yield {**size, **about["figure"], "name": name, "alt": about["image"]["alt"]}, drawn[0]
