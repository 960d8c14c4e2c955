// The search page: what a reader calls by another name is found too, and a snippet does not begin with a list of contents.
(function () {
  "use strict";
  var synonyms = {
    "backprop": "backpropagation by hand", "backpropagation": "backpropagation by hand", "jaccard": "IoU", "f1": "Dice", "dsc": "Dice", "sorensen": "Dice",
    "dicom": "MR", "nifti": "MR", "own data": "your own images", "own images": "your own images", "own pictures": "your own images", "my data": "your own images",
    "my own data": "your own images", "install": "run everything", "installation": "run everything", "setup": "run everything",
    "gpu": "speed", "mixed precision": "bfloat16", "amp": "bfloat16", "lr": "learning rate", "batchnorm": "batch norm",
    "batch normalization": "batch norm", "batch normalisation": "batch norm", "overfitting": "overfitting, and when to stop",
    "data leakage": "leak", "transfer learning": "encoder", "pretrained": "encoder", "pretraining": "encoder",
    "confidence": "calibration", "uncertainty": "calibration", "deploy": "shipping", "deployment": "shipping",
    "export": "ONNX", "multi gpu": "processes", "distributed": "processes", "upsampling": "transposed", "cnn": "convolution"
  };
  var perform = Search._performSearch, toText = Search.htmlToText;

  function asked(query) {
    return query.toLowerCase().trim().replace(/\s+/g, " ");
  }

  function key(result) { return result[0] + result[2]; }

  // The last result is shown first.
  Search._performSearch = function (query) {
    var found = perform.apply(Search, arguments), other = synonyms[asked(query)];
    if (!other) return found;
    var more = perform.apply(Search, Search._parseQuery(other)), seen = new Set(more.map(key));
    return found.filter(function (result) { return !seen.has(key(result)); }).concat(more);
  };

  Search.htmlToText = function (text, anchor) {
    var page = new DOMParser().parseFromString(text, "text/html");
    var furniture = ".headerlink, .bd-sidebar-secondary, .bd-header-article, .uc-provenance, .uc-where, #jb-print-docs-body, .prev-next-area, .cell, .uc-address";
    page.querySelectorAll(furniture).forEach(function (element) { element.remove(); });
    var term = anchor && page.querySelector("dt" + anchor);
    if (term && term.nextElementSibling) return term.textContent + ": " + term.nextElementSibling.textContent;
    return toText(page.documentElement.outerHTML, anchor);
  };
})();
