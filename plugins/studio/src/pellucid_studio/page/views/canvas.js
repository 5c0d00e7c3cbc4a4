// A canvas that a component paints: again when its size, the theme or what it shows changes.

import { fit, penOf } from "../canvas.js";
import { useEffect, useRef } from "../preact.js";
import { onTheme } from "../theme.js";

/** A ref for a canvas; `paint(pen, width, height)` is in CSS pixels. */
export function useCanvas(paint, changes) {
  const canvas = useRef(null), painter = useRef(paint);
  painter.current = paint;
  const again = () => {
    const { clientWidth: width, clientHeight: height } = canvas.current;
    if (!width || !height) return;
    fit(canvas.current, width, height);
    painter.current(penOf(canvas.current), width, height);
  };
  useEffect(again, changes);
  useEffect(() => {
    const size = new ResizeObserver(again), off = onTheme(again);
    size.observe(canvas.current);
    return () => { size.disconnect(); off(); };
  }, []);
  return canvas;
}
