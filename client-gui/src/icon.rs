//! The window's icon: an arrow upwards on a rounded square, computed, so that no file has to be found.

use egui::IconData;

const SIDE: usize = 64;
const SQUARE: [u8; 3] = [0x2f, 0x62, 0xd9];

/// The icon, 64 by 64 pixels.
pub fn app_icon() -> IconData {
    let mut rgba = Vec::with_capacity(SIDE * SIDE * 4);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            let square = coverage(rounded_square(x, y));
            let arrow = coverage(strokes(x, y));
            rgba.extend(SQUARE.map(|channel| (f32::from(channel) * (1.0 - arrow) + 255.0 * arrow) as u8));
            rgba.push((square * 255.0) as u8);
        }
    }
    IconData { rgba, width: SIDE as u32, height: SIDE as u32 }
}

/// How much of a pixel lies inside, from its distance to the edge.
fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

fn rounded_square(x: f32, y: f32) -> f32 {
    const HALF: f32 = 30.0;
    const RADIUS: f32 = 15.0;
    let (dx, dy) = ((x - 32.0).abs() - (HALF - RADIUS), (y - 32.0).abs() - (HALF - RADIUS));
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - RADIUS
}

/// Distance to the nearest line of the arrow and its tray.
fn strokes(x: f32, y: f32) -> f32 {
    const LINES: [[f32; 4]; 6] = [
        [32.0, 39.0, 32.0, 17.0],
        [23.0, 26.0, 32.0, 17.0],
        [41.0, 26.0, 32.0, 17.0],
        [18.0, 39.0, 18.0, 47.0],
        [18.0, 47.0, 46.0, 47.0],
        [46.0, 47.0, 46.0, 39.0],
    ];
    const HALF_WIDTH: f32 = 2.6;
    let distance = |[ax, ay, bx, by]: [f32; 4]| {
        let (dx, dy) = (bx - ax, by - ay);
        let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        (x - ax - along * dx).hypot(y - ay - along * dy)
    };
    LINES.into_iter().map(distance).fold(f32::INFINITY, f32::min) - HALF_WIDTH
}
