/** Draws the panes with WebGL 2: slopes are a texture, the lamp shines on every point anew. */

const MISSING_GREY = 128 / 255;
const AMBIENT = 0.12;
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

function rendererName(gl) {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

const VERTEX_SHADER = `#version 300 es
in vec2 corner;
uniform mat3 place;
out vec2 at;
void main() {
  at = corner;
  gl_Position = vec4((place * vec3(corner, 1.0)).xy, 0.0, 1.0);
}`;

const FRAGMENT_SHADER = `#version 300 es
precision highp float;
in vec2 at;
out vec4 colour;
uniform sampler2D picture;
uniform bool lit;
uniform vec3 lamp;
uniform float relief, opacity, missing;
void main() {
  vec4 found = texture(picture, at);
  if (!lit) {
    colour = vec4(found.rgb, 1.0) * opacity;
  } else if (found.b < 0.5) {
    colour = vec4(vec3(${MISSING_GREY}), 1.0) * opacity * missing;
  } else {
    vec2 slope = found.rg / found.b * relief;
    float light = (lamp.z - dot(lamp.xy, slope)) * inversesqrt(1.0 + dot(slope, slope));
    colour = vec4(vec3(${AMBIENT} + ${1 - AMBIENT} * clamp(light, 0.0, 1.0)), 1.0) * opacity;
  }
}`;

class WebglPanes {
  static name = "WebGL";

  /** Throws where the browser has no WebGL 2, too small a one, or a slow one and `evenSlow` is false. */
  constructor(canvas, sides, evenSlow) {
    const gl = canvas.getContext("webgl2", { antialias: false, failIfMajorPerformanceCaveat: !evenSlow });
    if (!gl || (!evenSlow && SOFTWARE.test(rendererName(gl)))) {
      throw new Error("no WebGL 2 on a graphics card");
    }
    if (sides.some(({ columns, rows }) => Math.max(columns, rows) > gl.getParameter(gl.MAX_TEXTURE_SIZE))) {
      throw new Error("the graphics card has no room for a side");
    }
    this.gl = gl;
    this.canvas = canvas;
    this.sides = sides;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, FRAGMENT_SHADER]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "corner");
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error("WebGL refuses the shader: " + gl.getProgramInfoLog(program));
    }
    gl.useProgram(program);
    const names = ["place", "lit", "lamp", "relief", "opacity", "missing"];
    this.at = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.enable(gl.SCISSOR_TEST);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const reducible = gl.getExtension("EXT_color_buffer_float") || gl.getExtension("EXT_color_buffer_half_float");
    this.textures = sides.map((side) => this.load(side, Boolean(reducible || side.picture)));
  }

  load(side, reducible) {
    const gl = this.gl;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    if (side.picture) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, side.picture);
    } else {
      gl.texImage2D(
        gl.TEXTURE_2D, 0, gl.RGBA16F, side.columns, side.rows, 0, gl.RGBA, gl.FLOAT, side.slopes,
      );
    }
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, reducible ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR);
    if (reducible) {
      gl.generateMipmap(gl.TEXTURE_2D);
    }
    return texture;
  }

  draw(view, ratio) {
    const { gl, canvas, at } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.scissor(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    const toClip = new DOMMatrix().translate(-1, 1).scale(2 / view.width, -2 / view.height);
    for (const layer of view.layers()) {
      const side = this.sides[layer.index];
      const { box } = layer;
      const [left, right, top, bottom] = [box.x, box.x + box.w, box.y, box.y + box.h]
        .map((edge) => Math.round(edge * ratio));
      gl.scissor(left, canvas.height - bottom, right - left, bottom - top);
      const place = toClip.multiply(layer.matrix).scale(side.width, side.height).translate(-0.5, -0.5);
      gl.bindTexture(gl.TEXTURE_2D, this.textures[layer.index]);
      gl.uniformMatrix3fv(at.place, false, [place.a, place.b, 0, place.c, place.d, 0, place.e, place.f, 1]);
      gl.uniform1i(at.lit, side.slopes ? 1 : 0);
      gl.uniform3fv(at.lamp, view.lampOn(layer));
      gl.uniform1f(at.relief, view.exaggeration);
      gl.uniform1f(at.opacity, layer.opacity);
      gl.uniform1f(at.missing, layer.missing);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
  }
}
