// One slider through images.

const frames = find("frames").querySelectorAll("figure");
find("frames").setAttribute("data-live", "");
slider("frame", place => frames.forEach((frame, i) => frame.toggleAttribute("data-shown", i === place)));
