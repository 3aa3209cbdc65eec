// What the inbox does in the browser.
