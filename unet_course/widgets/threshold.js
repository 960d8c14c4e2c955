// The threshold moves: which pixels lie above it, and the sentence for it.

const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
const probability = bytes(config.probability), mask = bytes(config.mask);
find("threshold").setAttribute("aria-describedby", find("scores").id);
slider("threshold", percent => {
  confusion(find("map"), i => mask[i], i => Number(probability[i] / 255 > percent / 100));
  find("scores").textContent = config.said[percent];
});
